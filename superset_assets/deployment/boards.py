"""A dashboard as the browser reads it: its charts in order, its filters, and who narrows whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from superset_assets.deployment.questions import Filters


@dataclass(frozen=True)
class BoardFilter:
    """A drop-down of the filter bar.

    Attributes:
        metric: what its values are ordered by, if not by themselves.
        first: whether it starts with its first value, as a month does, rather than with none.
        parents: filters whose choice narrows its values.
    """

    key: str
    column: str
    dataset_uuid: str
    dataset: int
    ascending: bool | None
    metric: str | None
    first: bool
    parents: tuple[str, ...]
    root: frozenset[str]
    excluded: frozenset[int]


class Board:
    """One dashboard.

    Attributes:
        title: for messages.
        filters: in the order of the bar.
    """

    def __init__(self, dashboard: Any) -> None:
        self._charts = {chart.id: chart for chart in dashboard.slices}
        self._tree = json.loads(dashboard.position_json or "{}")
        self._further = {
            key
            for node in self._tree.values()
            if isinstance(node, dict) and node.get("type") == "TABS"
            for key in node["children"][1:]
        }
        metadata = json.loads(dashboard.json_metadata or "{}")
        self.title = str(dashboard.dashboard_title)
        self.filters = [
            found
            for said in metadata.get("native_filter_configuration", [])
            if (found := _filter(said))
        ]

    def above(self, board_filter: BoardFilter) -> list[str]:
        """Filters that narrow this one: its parents, theirs, and so on, the nearest first."""
        known = {found.key: found for found in self.filters}
        found: list[str] = []
        waiting = list(board_filter.parents)
        while waiting:
            key = waiting.pop(0)
            if key in known and key not in found:
                found.append(key)
                waiting += known[key].parents
        return found

    def charts(self, *, behind: bool) -> Iterator[tuple[Any, list[str]]]:
        """Charts from top to bottom, with the filters that reach each.

        Args:
            behind: those on tabs that somebody has to turn to; else those in sight at first.
        """
        for node, above in self._walk("ROOT_ID", ()):
            if node.get("type") != "CHART" or behind != bool(self._further & set(above)):
                continue
            chart = self._charts.get(node["meta"].get("chartId"))
            if chart is not None:
                reach = [
                    f.key
                    for f in self.filters
                    if f.root & set(above) and chart.id not in f.excluded
                ]
                yield chart, reach

    def _walk(self, key: str, above: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], Any]]:
        node = self._tree.get(key, {})
        yield node, above
        for child in node.get("children", []):
            yield from self._walk(child, (*above, key))


def chosen(board_filter: BoardFilter, values: list[Any]) -> Filters:
    """What the filter adds to charts while it stands on its first value."""
    if not board_filter.first or not values:
        return []
    return [{"col": board_filter.column, "op": "IN", "val": [values[0]]}]


def _filter(said: dict[str, Any]) -> BoardFilter | None:
    if said.get("filterType") != "filter_select":
        return None
    target, control = said["targets"][0], said.get("controlValues", {})
    scope = said.get("scope", {})
    return BoardFilter(
        key=said["id"],
        column=target["column"]["name"],
        dataset_uuid=str(target.get("datasetUuid", "")),
        dataset=int(target.get("datasetId") or 0),
        ascending=control.get("sortAscending", True),
        metric=said.get("sortMetric"),
        # the bar shows a first value either way, but applies it only if it is required
        first=bool(control.get("defaultToFirstItem") and said.get("requiredFirst")),
        parents=tuple(said.get("cascadeParentIds") or ()),
        root=frozenset(scope.get("rootPath") or ["ROOT_ID"]),
        excluded=frozenset(scope.get("excluded") or ()),
    )
