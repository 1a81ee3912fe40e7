"""Tables: the header strip, the tiles, grouped tables and lists of customers."""

from __future__ import annotations

import json
from typing import Any

from superset_assets.builder.datasets import change_metric, tile_metric
from superset_assets.builder.viz.context import Context


def _table(context: Context) -> dict[str, Any]:
    """What all tables share. Cells are text: a name with markup in it stays a name."""
    return context.common("table") | {
        "all_columns": [],
        "groupby": [],
        "metrics": [],
        "percent_metrics": [],
        "order_by_cols": [],
        "timeseries_limit_metric": None,
        "order_desc": True,
        "server_pagination": False,
        "page_length": context.look.get("page", 0),
        "include_search": context.look.get("search", False),
        "show_totals": False,
        "show_cell_bars": bool(context.look.get("bars")),
        "color_pn": False,
        "align_pn": False,
        "allow_render_html": False,
        "allow_rearrange_columns": False,
        "table_timestamp_format": "%Y-%m-%d",
        "column_config": context.column_config(),
        "conditional_formatting": context.marks(),
        "time_grain_sqla": "P1M",
        "temporal_columns_lookup": {},
    }


def state(context: Context) -> dict[str, Any]:
    """One line about the data: different rows of the columns named."""
    columns = [context.column(name) for name in context.chart.columns]
    return _table(context) | {
        "query_mode": "aggregate",
        "groupby": columns,
        "table_timestamp_format": "%Y-%m",
    }


def tiles(context: Context) -> dict[str, Any]:
    """One row of numbers, then their changes; the style sheet lays them out as tiles."""
    metrics = [_tile(context, name) for name in context.chart.metrics]
    metrics += [change_metric(name) for name in context.chart.metrics]
    return _table(context) | {
        "query_mode": "aggregate",
        "metrics": metrics,
        "conditional_formatting": context.changes(context.chart.metrics),
    }


def _tile(context: Context, name: str) -> str:
    metric = context.mart.metrics[name]
    compact = metric.unit in ("count", "yuan") and metric.additivity != "ratio"
    return tile_metric(name) if compact else name


def grouped(context: Context) -> dict[str, Any]:
    """Metrics by unit, class or person; each change stands right of its number."""
    chart = context.chart
    metrics: list[str] = []
    for name in chart.metrics:
        metrics.append(name)
        if chart.compare and name in context.look.get("changes", ()):
            metrics.append(change_metric(name))
    (order, ascending), *_ = chart.sort or ((chart.metrics[0], False),)
    return _table(context) | {
        "query_mode": "aggregate",
        "groupby": [context.column(name) for name in chart.by],
        "metrics": metrics,
        "percent_metrics": list(context.look.get("shares", ())),
        "timeseries_limit_metric": order if order in chart.metrics else context.sort_key(order),
        "order_desc": not ascending,
        "conditional_formatting": [
            *context.marks(),
            *context.changes(tuple(context.look.get("changes", ()))),
        ],
    }


def rows(context: Context) -> dict[str, Any]:
    """Stored rows, in the order in which somebody should work through them."""
    chart = context.chart
    columns = [context.column(name) for name in chart.columns]
    order = [json.dumps([context.sort_key(name), ascending]) for name, ascending in chart.sort]
    return _table(context) | {
        "query_mode": "raw",
        "all_columns": columns,
        "order_by_cols": order,
    }
