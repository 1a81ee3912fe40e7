"""Rows and tabs of a dashboard as Superset's position tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from superset_assets.builder.slices import slice_uuid
from superset_assets.builder.specs import Chart, Dashboard, Row, Tile

_ROOT, _GRID = "ROOT_ID", "GRID_ID"


def positions(
    dashboard: Dashboard, charts: Mapping[str, Chart], ids: Mapping[str, int], language: str
) -> dict[str, Any]:
    """The tree: rows above the tabs, then the tabs with theirs.

    Args:
        ids: a number per chart, replaced by Superset's own at import.
    """
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        _ROOT: {"type": "ROOT", "id": _ROOT, "children": [_GRID]},
        _GRID: _node("GRID", _GRID, [_ROOT]),
        "HEADER_ID": {
            "type": "HEADER",
            "id": "HEADER_ID",
            "meta": {"text": dashboard.title.of(language)},
        },
    }
    builder = _Builder(tree, charts, ids, language)
    builder.rows(dashboard.top, _GRID, [_ROOT, _GRID], "top")
    if dashboard.tabs:
        builder.add("TABS", "TABS-main", _GRID, [_ROOT, _GRID], {})
        for number, tab in enumerate(dashboard.tabs, start=1):
            key, above = f"TAB-{number}", [_ROOT, _GRID, "TABS-main"]
            title = tab.title.of(language)
            meta = {"text": title, "defaultText": title, "placeholder": title}
            builder.add("TAB", key, "TABS-main", above, meta)
            builder.rows(tab.rows, key, [*above, key], f"tab{number}")
    return tree


class _Builder:
    def __init__(
        self,
        tree: dict[str, Any],
        charts: Mapping[str, Chart],
        ids: Mapping[str, int],
        language: str,
    ) -> None:
        self.tree, self.charts, self.ids, self.language = tree, charts, ids, language

    def add(self, kind: str, key: str, parent: str, above: list[str], meta: Any) -> None:
        self.tree[key] = _node(kind, key, above) | {"meta": meta}
        self.tree[parent]["children"].append(key)

    def rows(self, rows: Sequence[Row], parent: str, above: list[str], prefix: str) -> None:
        for number, row in enumerate(rows, start=1):
            key = f"ROW-{prefix}-{number}"
            self.add("ROW", key, parent, above, {"background": "BACKGROUND_TRANSPARENT"})
            for place, tile in enumerate(row, start=1):
                self._tile(tile, key, [*above, key], f"{prefix}-{number}-{place}")

    def _tile(self, tile: Tile, parent: str, above: list[str], suffix: str) -> None:
        size: dict[str, Any] = {"width": tile.width, "height": tile.height}
        if tile.column:
            key = f"COLUMN-{suffix}"
            meta = {"width": tile.width, "background": "BACKGROUND_TRANSPARENT"}
            self.add("COLUMN", key, parent, above, meta)
            for place, inside in enumerate(tile.column, start=1):
                self._tile(inside, key, [*above, key], f"{suffix}-{place}")
            return
        if tile.text:
            meta = size | {"code": tile.text.of(self.language)}
            self.add("MARKDOWN", f"MARKDOWN-{suffix}", parent, above, meta)
            return
        meta = size | {
            "chartId": self.ids[tile.chart],
            "uuid": slice_uuid(tile.chart, self.language),
            "sliceName": self.charts[tile.chart].title.of(self.language),
        }
        self.add("CHART", f"CHART-{tile.chart}", parent, above, meta)


def _node(kind: str, key: str, above: list[str]) -> dict[str, Any]:
    return {"type": kind, "id": key, "children": [], "parents": above}
