"""Charts with an axis: lines and stacks over months, bars over categories."""

from __future__ import annotations

from typing import Any

from superset_assets.builder.units import shown
from superset_assets.builder.viz.context import Context


def _series(context: Context, viz_type: str) -> dict[str, Any]:
    chart = context.chart
    first = shown(context.mart.metrics[chart.metrics[0]], context.language)
    return context.common(viz_type) | {
        "x_axis": context.column(chart.by[0]),
        "time_grain_sqla": "P1M",
        "x_axis_sort_asc": True,
        "x_axis_sort_series": "name",
        "x_axis_sort_series_ascending": True,
        "metrics": list(chart.metrics),
        "groupby": [context.column(chart.series)] if chart.series else [],
        "order_desc": True,
        "truncate_metric": True,
        "show_empty_columns": False,
        "comparison_type": "values",
        "annotation_layers": [],
        "forecastEnabled": False,
        "rich_tooltip": True,
        "showTooltipTotal": bool(chart.series),
        "showTooltipPercentage": False,
        "tooltipSortByMetric": False,
        "tooltipTimeFormat": "%Y-%m",
        "x_axis_time_format": "%Y-%m",
        "xAxisLabelRotation": 0,
        "xAxisLabelInterval": "auto",
        "y_axis_format": context.look.get("format", first.format),
        "y_axis_bounds": context.look.get("bounds", [None, None]),
        "truncateYAxis": context.look.get("zoom", False) or "bounds" in context.look,
        "truncateXAxis": True,
        "minorSplitLine": False,
        "show_legend": len(chart.metrics) > 1 or bool(chart.series),
        "legendType": "scroll",
        "legendOrientation": "top",
        "legendMargin": None,
        "zoomable": False,
        "only_total": True,
        "show_value": context.look.get("values", False),
        "sort_series_type": "name",
        "sort_series_ascending": True,
    }


def line(context: Context) -> dict[str, Any]:
    """Metrics by month."""
    return _series(context, "echarts_timeseries_line") | {
        "seriesType": "line",
        "opacity": 0.2,
        "markerEnabled": True,
        "markerSize": 6,
    }


def stack(context: Context) -> dict[str, Any]:
    """How a total divides, by month; ``look.share`` shows shares of 100 %."""
    share = context.look.get("share", False)
    return _series(context, "echarts_timeseries_bar") | {
        "stack": "Stack",
        "orientation": "vertical",
        "contributionMode": "row" if share else None,
        "y_axis_format": ".0%" if share else context.look.get("format", ",d"),
    }


def bar(context: Context) -> dict[str, Any]:
    """Metrics by category, lying, the longest names readable."""
    chart = context.chart
    (order, ascending), *_ = chart.sort or ((chart.metrics[0], False),)
    return _series(context, "echarts_timeseries_bar") | {
        "orientation": "horizontal",
        "timeseries_limit_metric": order,
        "order_desc": not ascending,
        "x_axis_sort": order,
        "x_axis_sort_asc": not ascending,
        "bar_gap": "10%",
    }
