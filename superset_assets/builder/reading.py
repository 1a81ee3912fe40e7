"""Reading specs from YAML, strictly.

A key nobody knows is refused, so that a misspelt one is not silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import TelmartError
from superset_assets.builder.specs import ASSETS, Chart, Dashboard, Filter, Specs, Tab, Tile
from superset_assets.builder.text import Text, read_text

#: what a chart may say besides kind, title, about and mart
_CHART_FIELDS = (
    *("metrics", "by", "columns", "series", "where", "sort", "rows"),
    *("history", "ignores", "compare", "labels", "look"),
)


def read_specs(folder: Path = ASSETS) -> Specs:
    """Everything under ``charts/`` and ``dashboards/``, with ``filters.yaml`` and the rest.

    Raises:
        TelmartError: a file is not what it should be; names file and field.
    """
    charts: dict[str, Chart] = {}
    for path in sorted((folder / "charts").glob("*.yaml")):
        for chart in _charts(path):
            _once(chart.id, charts, chart.file, "chart")
            charts[chart.id] = chart
    dashboards: dict[str, Dashboard] = {}
    for path in sorted((folder / "dashboards").glob("*.yaml")):
        for dashboard in _dashboards(path):
            _once(dashboard.slug, dashboards, dashboard.file, "dashboard")
            dashboards[dashboard.slug] = dashboard
    return Specs(
        charts=charts,
        filters=_filters(folder / "filters.yaml"),
        dashboards=dashboards,
        labels=_labels(folder / "labels.yaml"),
        orders=load(folder / "orders.yaml"),
        colors=load(folder / "colors.yaml"),
    )


def load(path: Path) -> Any:
    """One YAML file; an error names it."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise TelmartError(f"{_short(path)} cannot be read: {error}", "Mend the file.") from error


def _short(path: Path) -> str:
    return str(path.relative_to(path.parents[2])) if len(path.parents) > 2 else str(path)


def _once(key: str, known: Mapping[str, Any], file: str, what: str) -> None:
    if key in known:
        raise TelmartError(
            f"{file}: the {what} {key!r} is also in {known[key].file}.", "Rename one of the two."
        )


def _take(
    given: Any, file: str, required: Sequence[str], optional: Sequence[str]
) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise TelmartError(f"{file}: expected a mapping, found {given!r}.", "See its neighbours.")
    unknown = sorted(set(given) - set(required) - set(optional))
    missing = [key for key in required if key not in given]
    if unknown or missing:
        problem = f"unknown: {', '.join(unknown)}" if unknown else f"missing: {', '.join(missing)}"
        raise TelmartError(
            f"{file}: fields {problem}.",
            f"Fields are {', '.join([*required, *optional])}.",
        )
    return given


def _charts(path: Path) -> list[Chart]:
    """One chart, or one per level where the spec says ``for_each``."""
    file, given = _short(path), load(path)
    levels = given.pop("for_each", None) if isinstance(given, dict) else None
    if levels is None:
        return [_chart(path.stem, file, given)]
    found = []
    for level, names in levels.items():
        text = yaml.safe_dump(given, allow_unicode=True)
        text = text.replace("{level}", level)
        for language in ("zh", "en"):
            text = text.replace("{name_" + language + "}", names[language])
        found.append(_chart(f"{path.stem}_{level}", file, yaml.safe_load(text)))
    return found


def _chart(key: str, file: str, given: Any) -> Chart:
    fields = _take(
        given,
        file,
        ("kind", "title", "about", "mart"),
        _CHART_FIELDS,
    )
    return Chart(
        id=key,
        file=file,
        kind=fields["kind"],
        title=read_text(fields["title"], f"{file}: title"),
        about=read_text(fields["about"], f"{file}: about"),
        mart=fields["mart"],
        metrics=tuple(fields.get("metrics", ())),
        by=tuple(fields.get("by", ())),
        columns=tuple(fields.get("columns", ())),
        series=fields.get("series", ""),
        where=tuple(fields.get("where", ())),
        sort=tuple((name, way == "asc") for s in fields.get("sort", ()) for name, way in s.items()),
        history=fields.get("history", False),
        ignores=tuple(fields.get("ignores", ())),
        compare=fields.get("compare", False),
        rows=fields.get("rows", 1000),
        labels={
            name: read_text(text, f"{file}: labels.{name}")
            for name, text in fields.get("labels", {}).items()
        },
        look=fields.get("look", {}),
    )


def _filters(path: Path) -> dict[str, Filter]:
    file, found = _short(path), {}
    for key, given in load(path).items():
        where = f"{file}: {key}"
        fields = _take(
            given, where, ("name", "mart", "column"), ("parents", "single", "first", "lead", "hint")
        )
        found[key] = Filter(
            id=key,
            name=read_text(fields["name"], f"{where}.name"),
            mart=fields["mart"],
            column=fields["column"],
            parents=tuple(fields.get("parents", ())),
            single=fields.get("single", False),
            first=fields.get("first", ""),
            lead=dict(fields.get("lead", {})),
            hint=read_text(fields.get("hint"), f"{where}.hint", required=False),
        )
    return found


def _labels(path: Path) -> dict[str, tuple[Text, Text]]:
    file = _short(path)
    return {
        column: (
            read_text(given.get("when_true"), f"{file}: {column}.when_true"),
            read_text(given.get("when_false"), f"{file}: {column}.when_false"),
        )
        for column, given in load(path).items()
    }


def _dashboards(path: Path) -> list[Dashboard]:
    """The variants of one layout: same charts, another starting level."""
    file, given = _short(path), load(path)
    fields = _take(given, file, ("variants", "top", "tabs"), ())
    found = []
    for slug, variant in fields["variants"].items():
        where = f"{file}: {slug}"
        own = _take(variant, where, ("title", "about", "filters", "levels"), ())
        found.append(
            Dashboard(
                slug=slug,
                file=file,
                title=read_text(own["title"], f"{where}.title"),
                about=read_text(own["about"], f"{where}.about"),
                filters=tuple(own["filters"]),
                top=[_row(row, where, own["levels"]) for row in fields["top"]],
                tabs=[
                    Tab(
                        read_text(tab.get("title"), f"{where}: tab title"),
                        [_row(row, where, own["levels"]) for row in tab["rows"]],
                    )
                    for tab in fields["tabs"]
                ],
            )
        )
    return found


def _row(given: Any, where: str, levels: Sequence[str]) -> list[Tile]:
    return [_tile(item, where, levels) for item in given]


def _tile(given: Any, where: str, levels: Sequence[str], width: int = 0) -> Tile:
    fields = _take(
        given, f"{where}: tile {given!r}", (), ("width", "height", "chart", "text", "column")
    )
    chart = fields.get("chart", "")
    for number, level in enumerate(levels, start=1):
        chart = chart.replace("{level_" + str(number) + "}", level)
    text, width = fields.get("text"), fields.get("width", width)
    return Tile(
        width,
        fields.get("height", 0),
        chart,
        read_text(text, f"{where}: text") if text else None,
        tuple(_tile(inside, where, levels, width) for inside in fields.get("column", ())),
    )
