"""A metric of the semantic layer as SQL and as a formula for readers.

One metric has one definition, in the YAML of its mart. What Superset runs is made from it here and
typed nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestration.errors import TelmartError
from superset_assets.builder.catalog import Metric

_AGGREGATES = {
    "sum": "SUM({})",
    "count": "COUNT({})",
    "count_distinct": "COUNT(DISTINCT {})",
    "average": "AVG({})",
    "min": "MIN({})",
    "max": "MAX({})",
}


def sql_of(metric: Metric, known: Mapping[str, Metric], only: str = "") -> str:
    """The SQL aggregate of ``metric``, in its own unit (yuan, MB, a share of one).

    Args:
        known: metrics of the same mart, by name.
        only: a further condition on the rows counted, in SQL.

    A ratio is empty, not an error, where its denominator is 0.
    """
    if metric.kind == "simple":
        if metric.agg not in _AGGREGATES:
            raise TelmartError(
                f"Metric {metric.name}: aggregation {metric.agg} is not understood here.",
                f"Use one of: {', '.join(_AGGREGATES)}.",
            )
        body = _AGGREGATES[metric.agg].format(metric.expr)
        conditions = [part for part in (metric.condition, only) if part]
        return f"{body} FILTER (WHERE {' AND '.join(conditions)})" if conditions else body
    parts = {name: sql_of(known[name], known, only) for name in metric.inputs}
    if metric.kind == "ratio":
        above, below = (parts[name] for name in metric.inputs)
        return f"1.0 * {above} / NULLIF({below}, 0)"
    return re.sub(
        r"\b[a-z_][a-z0-9_]*\b",
        lambda word: f"({parts[word[0]]})" if word[0] in parts else word[0],
        metric.expr,
    )


def whole_of(metric: Metric, known: Mapping[str, Metric], only: str) -> str:
    """Like ``sql_of`` for the rows ``only`` selects, but 0 where other rows exist and these do not.

    A group that has emptied holds 0 customers, while a reader without any rows gets no number.
    """
    sql = sql_of(metric, known, only)
    if metric.additivity == "ratio":
        return sql
    return f"CASE WHEN COUNT(*) > 0 THEN COALESCE({sql}, 0) END"


def formula_of(metric: Metric) -> str:
    """The definition for readers: ``off_net_cnt ÷ opening_cnt``, ``sum(billed_amt)``."""
    if metric.kind == "ratio":
        return " ÷ ".join(metric.inputs)
    if metric.kind == "derived":
        return metric.expr
    text = f"{metric.agg.replace('_', ' ')}({metric.expr})"
    return f"{text} where {metric.condition}" if metric.condition else text
