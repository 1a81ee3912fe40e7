"""Measures of marts in one month, in total and by segment, as their semantic models define them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.rules.preview import Model, Preview

#: (mart, measure, segment) -> value; segment is ``vad_class = VD``, or empty for all
Values = dict[tuple[str, str, str], Decimal]
#: a dimension with more values than this is a list, not a segmentation
_MOST_SEGMENTS = 40
_AGGREGATES = {
    "sum": "sum({})", "count": "count({})", "count_distinct": "count(distinct {})",
    "average": "avg({})", "min": "min({})", "max": "max({})",
    "sum_boolean": "sum(case when {} then 1 else 0 end)",
}  # fmt: skip


def measure(
    preview: Preview, marts: Sequence[Model], semantics: Mapping[str, Any], month: date
) -> Values:
    """Every measure of every mart in ``month``, for all and for each value of each dimension."""
    found: Values = {}
    for mart in marts:
        found.update(_of_mart(preview, mart, semantics[mart.name], month))
    return found


def _of_mart(
    preview: Preview, mart: Model, semantic: Mapping[str, Any], month: date
) -> Iterator[tuple[tuple[str, str, str], Decimal]]:
    measures = {
        m["name"]: _AGGREGATES[m["agg"]].format(m.get("expr") or m["name"])
        for m in semantic["measures"]
        if m["agg"] in _AGGREGATES
    }
    if not measures:
        return
    wanted = ", ".join(measures.values())
    source = f"from {preview.table_of(mart)} where stat_month = date '{month}'"
    dimensions = [
        d.get("expr") or d["name"] for d in semantic["dimensions"] if d["type"] == "categorical"
    ]
    [totals] = preview.rows(f"select {wanted} {source}")
    yield from _named(mart, "", measures, totals)
    if not dimensions:
        return
    counts = ", ".join(f"count(distinct {dimension})" for dimension in dimensions)
    [sizes] = preview.rows(f"select {counts} {source}")
    for dimension, size in zip(dimensions, sizes, strict=True):
        if 1 <= size <= _MOST_SEGMENTS:
            query = f"select {dimension}, {wanted} {source} group by {dimension}"
            for value, *parts in preview.rows(query):
                text = str(value).lower() if isinstance(value, bool) else str(value)
                yield from _named(mart, f"{dimension} = {text}", measures, parts)


def _named(
    mart: Model, segment: str, measures: Mapping[str, str], values: Sequence[Any]
) -> Iterator[tuple[tuple[str, str, str], Decimal]]:
    for name, value in zip(measures, values, strict=True):
        yield (mart.name, name, segment), Decimal(value if value is not None else 0)
