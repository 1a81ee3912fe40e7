"""Matrices: one metric by two columns, with the sums of rows and columns."""

from __future__ import annotations

from typing import Any

from superset_assets.builder.units import shown
from superset_assets.builder.viz.context import Context


def pivot(context: Context) -> dict[str, Any]:
    """``by`` down, ``series`` across, by name; the fuller a cell the darker."""
    chart = context.chart
    (name,) = chart.metrics
    return context.common("pivot_table_v2") | {
        "groupbyRows": [context.column(chart.by[0])],
        "groupbyColumns": [context.column(chart.series)],
        "metrics": [name],
        "metricsLayout": "COLUMNS",
        "aggregateFunction": "Sum",
        "combineMetric": False,
        "transposePivot": False,
        "rowTotals": True,
        "colTotals": True,
        "rowSubTotals": False,
        "colSubTotals": False,
        "rowOrder": "key_a_to_z",
        "colOrder": "key_a_to_z",
        "valueFormat": shown(context.mart.metrics[name], context.language).format,
        "date_format": "%Y-%m-%d",
        "order_desc": True,
        "allow_render_html": False,
        "conditional_formatting": [
            {
                "column": name,
                "operator": "None",
                "colorScheme": context.tones["shade"],
                "useGradient": True,
            }
        ],
    }
