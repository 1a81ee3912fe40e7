"""What is refused before anything is written: specs that do not fit the marts or each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestration.errors import TelmartError
from superset_assets.builder.catalog import Catalog, Mart
from superset_assets.builder.reading import load
from superset_assets.builder.specs import Chart, Dashboard, Specs
from superset_assets.builder.viz import KINDS

#: fields that say what is asked, which each kind must have
_NEEDS = {
    "state": ("columns",),
    "tiles": ("metrics",),
    "table": ("metrics", "by"),
    "list": ("columns", "sort"),
    "line": ("metrics", "by"),
    "stack": ("metrics", "by", "series"),
    "bar": ("metrics", "by"),
    "pivot": ("metrics", "by", "series"),
}
#: kinds whose size Superset fixes; see the end of css/dashboard.css
_DRAWN = ("line", "stack", "bar", "pivot")


def check(catalog: Catalog, specs: Specs, assets: Path) -> None:
    """Refuse what does not fit.

    Raises:
        TelmartError: every fault found, each with file and field.
    """
    faults = [*_texts(catalog)]
    for chart in specs.charts.values():
        faults += _chart(chart, catalog, specs)
    shown = {name for dashboard in specs.dashboards.values() for name in dashboard.charts}
    for chart in specs.charts.values():
        if chart.id not in shown:
            faults.append(f"{chart.file}: the chart {chart.id!r} is on no dashboard")
    for name, given in specs.filters.items():
        faults += _column(given.column, given.mart, catalog, f"filters.yaml: {name}.column")
        for column in given.lead:
            faults += _column(column, given.mart, catalog, f"filters.yaml: {name}.lead")
        faults += [
            f"filters.yaml: {name}.parents names {parent!r}, which is no filter"
            for parent in given.parents
            if parent not in specs.filters
        ]
    roles = load(assets / "roles.yaml")["personas"]
    opened = {slug for persona in roles.values() for slug in persona["dashboards"]}
    for dashboard in specs.dashboards.values():
        faults += _dashboard(dashboard, specs)
        if dashboard.slug not in opened:
            faults.append(f"{dashboard.file}: {dashboard.slug} is for no persona of roles.yaml")
    faults += [
        f"roles.yaml: dashboard {slug!r} does not exist"
        for slug in sorted(opened - set(specs.dashboards))
    ]
    if faults:
        raise TelmartError(
            "The dashboards cannot be built:\n  " + "\n  ".join(faults),
            "Correct superset_assets/, or the mart's YAML where the metric or column belongs.",
        )


def _texts(catalog: Catalog) -> Iterator[str]:
    """Columns without a name in both languages."""
    for mart in catalog.values():
        for column in mart.columns.values():
            if not (column.label.zh and column.label.en):
                yield f"{mart.name}: column {column.name} lacks meta.label or meta.label_zh"


def _column(name: str, mart: str, catalog: Catalog, where: str) -> Iterator[str]:
    if mart not in catalog:
        yield f"{where}: {mart!r} is no mart"
    elif name not in catalog[mart].columns:
        yield f"{where}: {mart} has no column {name!r}"


def _chart(chart: Chart, catalog: Catalog, specs: Specs) -> Iterator[str]:
    where = f"{chart.file} ({chart.id})"
    if chart.kind not in KINDS:
        yield f"{where}: kind {chart.kind!r} is not one of {', '.join(KINDS)}"
        return
    if chart.mart not in catalog:
        yield f"{where}: mart {chart.mart!r} does not exist"
        return
    mart = catalog[chart.mart]
    for field in _NEEDS[chart.kind]:
        if not getattr(chart, field):
            yield f"{where}: {field} is missing"
    for metric in chart.metrics:
        yield from _metric(metric, mart, f"{where}: metrics")
    yield from _columns(chart, mart, where)
    yield from _sort(chart, mart, specs, where)
    yield from _added(chart, mart, where)
    marked = [mark["column"] for mark in chart.look.get("marks", ())]
    shares = {f"%{name}" for name in chart.look.get("shares", ())}
    wide = [name for name in chart.look.get("wide", ()) if name not in shares]
    for name in [*chart.labels, *marked, *wide, *chart.look.get("long", ())]:
        if name not in mart.columns and name not in mart.metrics:
            yield f"{where}: {mart.name} has neither column nor metric {name!r}"


def _added(chart: Chart, mart: Mart, where: str) -> Iterator[str]:
    """What is added up over the rows shown: the sums of a matrix, the whole that has shares."""
    if chart.kind == "pivot" and (len(chart.metrics), len(chart.by)) != (1, 1):
        yield f"{where}: a pivot shows one metric by one column (by) and another (series)"
    shares = chart.look.get("shares", ())
    for name in shares:
        if name not in chart.metrics:
            yield f"{where}: look.shares: {name!r} is not one of the chart's metrics"
    for name in [*shares, *(chart.metrics if chart.kind == "pivot" else ())]:
        if name in mart.metrics and mart.metrics[name].additivity == "ratio":
            yield f"{where}: {name} is a ratio, and ratios do not add up"


def _columns(chart: Chart, mart: Mart, where: str) -> Iterator[str]:
    named = [
        *(("by", name) for name in chart.by),
        *(("columns", name) for name in chart.columns),
        *((("series", chart.series),) if chart.series else ()),
        *(("where", given.get("column")) for given in chart.where),
        *(("ignores", name) for name in chart.ignores),
    ]
    for field, name in named:
        if not isinstance(name, str):
            yield f"{where}: {field} must name a column, not {name!r} (SQL belongs in dbt)"
        elif name not in mart.columns:
            yield f"{where}: {field}: {mart.name} has no column {name!r}"


def _sort(chart: Chart, mart: Mart, specs: Specs, where: str) -> Iterator[str]:
    for name, _ in chart.sort:
        if name not in mart.columns and name not in mart.metrics:
            yield f"{where}: sort: {mart.name} has neither column nor metric {name!r}"
        elif chart.metrics and name not in chart.metrics and name not in specs.orders:
            yield f"{where}: sort: {name!r} is neither a metric of the chart nor in orders.yaml"


def _metric(metric: object, mart: Mart, where: str) -> Iterator[str]:
    if not isinstance(metric, str):
        yield (
            f"{where}: {metric!r} is an ad hoc metric; only metrics declared in the YAML of"
            f" {mart.name} may be shown"
        )
    elif metric not in mart.metrics:
        known = ", ".join(mart.metrics) or "none"
        yield f"{where}: {mart.name} declares no metric {metric!r} (it has {known})"


def _dashboard(dashboard: Dashboard, specs: Specs) -> Iterator[str]:
    where = f"{dashboard.file} ({dashboard.slug})"
    for name in dashboard.charts:
        if name not in specs.charts:
            yield f"{where}: no chart is called {name!r}"
    twice = sorted({name for name in dashboard.charts if dashboard.charts.count(name) > 1})
    for name in twice:
        yield f"{where}: the chart {name!r} is there twice"
    for name in dashboard.filters:
        if name not in specs.filters:
            yield f"{where}: no filter is called {name!r} in filters.yaml"
    for number, row in enumerate(dashboard.rows, start=1):
        width = sum(tile.width for tile in row)
        if width != 12:
            yield f"{where}: row {number} is {width} columns wide, not 12"
        for tile in row:
            for name in tile.charts:
                drawn = name in specs.charts and specs.charts[name].kind in _DRAWN
                if drawn and tile.width != 6:
                    yield f"{where}: {name} is {tile.width} columns wide; phones need 6"
