"""Superset datasets from marts: one per language, and one that holds a month beside the one before.

The Chinese dataset is the served table itself, so that Superset's row rules for the table reach it
and SQL Lab alike. The others select from that table and nothing else; Superset applies the table's
row rules to them too, and the database its policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from superset_assets.builder.catalog import Column, Mart, Metric
from superset_assets.builder.ids import uuid_of
from superset_assets.builder.metric_sql import formula_of, sql_of, whole_of
from superset_assets.builder.specs import Specs
from superset_assets.builder.text import Text, suffix
from superset_assets.builder.units import (
    change_format,
    change_name,
    change_sql,
    compact_sql,
    shown,
)

#: added to each row of a comparing dataset: 0 for the row's own month, 1 for the month before
OFFSET = "months_before"
YES_NO = (Text("是", "Yes"), Text("否", "No"))


def dataset_name(mart: str, language: str, *, compare: bool = False) -> str:
    """Name of a dataset; the plain Chinese one bears the table's own name."""
    return f"{mart}{'_compare' if compare else ''}{suffix(language)}"


def dataset_uuid(mart: str, language: str, *, compare: bool = False) -> str:
    return uuid_of("dataset", dataset_name(mart, language, compare=compare))


def text_twin(column: Column) -> str:
    """Name of the calculated column people read in place of ``column``, or empty.

    Yes and no become words; a moment becomes text in the operator's time zone, which Superset would
    show in UTC.
    """
    has_one = column.is_boolean or column.data_type.startswith("timestamp")
    return f"{column.name}_text" if has_one else ""


def order_of(name: str) -> str:
    """Name of the calculated column, and of the metric, that sort values of a code."""
    return f"{name}__order"


def change_metric(name: str) -> str:
    return f"{name}__change"


def tile_metric(name: str) -> str:
    return f"{name}__tile"


def build_dataset(
    mart: Mart,
    language: str,
    specs: Specs,
    database_uuid: str,
    compared: Iterable[str] = (),
) -> dict[str, Any]:
    """One dataset as Superset imports it.

    Args:
        compared: metrics shown beside their value of the month before. If there are any, this is
            the comparing dataset, and it holds these metrics only.
    """
    compared = sorted(compared)
    name = dataset_name(mart.name, language, compare=bool(compared))
    sql = _compare_sql(mart) if compared else _plain_sql(mart) if language != "zh" else None
    if compared:
        metrics = [m for c in compared for m in _compared(mart.metrics[c], mart, language)]
    else:
        metrics = [_metric(m, mart, language) for m in mart.metrics.values()]
    metrics += [
        saved_metric(order_of(name), mart.columns[name].label.of(language), "", f"MIN({sql})", ",d")
        for name, sql in _orders(mart, specs).items()
    ]
    month = "stat_month" if "stat_month" in mart.columns else None
    return {
        "table_name": name,
        "main_dttm_col": None if mart.schema == "status" else month,
        "description": mart.description.of(language),
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "catalog": None,
        "schema": mart.schema,
        "sql": sql,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "folders": None,
        "uuid": uuid_of("dataset", name),
        "metrics": metrics,
        "columns": _columns(mart, language, specs, compare=bool(compared)),
        "version": "1.0.0",
        "database_uuid": database_uuid,
    }


def _orders(mart: Mart, specs: Specs) -> dict[str, str]:
    """For codes with an order of their own (orders.yaml): the place of each value, in SQL."""
    found = {}
    for name, values in specs.orders.items():
        if name in mart.columns:
            cases = " ".join(f"when '{v}' then {n}" for n, v in enumerate(values, start=1))
            found[name] = f"case {name} {cases} else {len(values) + 1} end"
    return found


def _plain_sql(mart: Mart) -> str:
    return f"select * from {mart.schema}.{mart.name}"  # no names of ours are unsafe


def _compare_sql(mart: Mart) -> str:
    """Each row twice: in its own month, and in the next one as the month before."""
    rest = ", ".join(name for name in mart.columns if name != "stat_month")
    table = f"{mart.schema}.{mart.name}"
    later = "cast(stat_month + interval '1 month' as date)"
    return (
        f"select stat_month, 0 as {OFFSET}, {rest} from {table}\n"
        f"union all\n"
        f"select {later} as stat_month, 1 as {OFFSET}, {rest} from {table}"
    )


def _metric(metric: Metric, mart: Mart, language: str) -> dict[str, Any]:
    look = shown(metric, language)
    return saved_metric(
        metric.name,
        look.name(metric.label.of(language), language),
        f"{metric.description.of(language)}  [{formula_of(metric)}]",
        look.scale(sql_of(metric, mart.metrics)),
        look.format,
    )


def _compared(metric: Metric, mart: Mart, language: str) -> list[dict[str, Any]]:
    """The metric in its month, its change, and the number as a tile shows it."""
    look, known = shown(metric, language), mart.metrics
    now, before = (whole_of(metric, known, f"{OFFSET} = {n}") for n in (0, 1))
    label, about = metric.label.of(language), metric.description.of(language)
    change = f"{label} {change_name(metric).of(language)}"  # labels in one query must differ
    found = [
        saved_metric(metric.name, look.name(label, language), about, look.scale(now), look.format),
        saved_metric(
            change_metric(metric.name),
            change,
            about,
            change_sql(now, before, metric),
            change_format(metric),
        ),
    ]
    if metric.unit in ("count", "yuan") and metric.additivity != "ratio":
        tile = compact_sql(now, metric, language)
        name = tile_metric(metric.name)
        found.append(saved_metric(name, label, about, tile, None))
    return found


def saved_metric(
    name: str, label: str, about: str, expression: str, d3format: str | None
) -> dict[str, Any]:
    return {
        "metric_name": name,
        "verbose_name": label,
        "metric_type": None,
        "expression": expression,
        "description": about,
        "d3format": d3format,
        "currency": None,
        "extra": {},
        "warning_text": None,
    }


def _columns(mart: Mart, language: str, specs: Specs, *, compare: bool) -> list[dict[str, Any]]:
    found = [_column(column, mart, language) for column in mart.columns.values()]
    for column in mart.columns.values():
        twin = text_twin(column)
        if not twin:
            continue
        expression = f"to_char({column.name}, 'YYYY-MM-DD HH24:MI')"
        if column.is_boolean:
            words = specs.labels.get(column.name, YES_NO)
            yes, no = (text.of(language).replace("'", "''") for text in words)
            expression = (
                f"case when {column.name} then '{yes}' when not {column.name} then '{no}' end"
            )
        found.append(_field(twin, "TEXT", column, language, drill=True, expression=expression))
    for name, expression in _orders(mart, specs).items():
        column = mart.columns[name]
        sort = order_of(name)
        found.append(_field(sort, "INTEGER", column, language, drill=False, expression=expression))
    if compare:
        plain = Column(OFFSET, "integer", Text("距本月月数", "Months before"), Text("", ""))
        found.append(_field(OFFSET, "INTEGER", plain, language, drill=False))
    return found


def _column(column: Column, mart: Mart, language: str) -> dict[str, Any]:
    return _field(
        column.name,
        column.data_type.upper(),
        column,
        language,
        drill=is_drillable(column, mart, language),
    )


def _field(
    name: str,
    sql_type: str,
    column: Column,
    language: str,
    *,
    drill: bool,
    expression: str | None = None,
) -> dict[str, Any]:
    return {
        "column_name": name,
        "verbose_name": column.label.of(language) or name,
        "is_dttm": column.is_date and expression is None,
        "is_active": True,
        "type": sql_type,
        "advanced_data_type": None,
        "groupby": drill,
        "filterable": True,
        "expression": expression,
        "description": column.description.of(language),
        "python_date_format": None,
        "extra": {},
    }


def is_drillable(column: Column, mart: Mart, language: str) -> bool:
    """Whether "drill by" offers it: names in the reader's language and months, no codes."""
    if column.name in ("stat_month", "freeze_month"):
        return True
    base = column.name.removesuffix("_en")
    has_twin = f"{base}_en" in mart.columns
    return (
        column.data_type == "text"
        and base.endswith("_name")
        and (not has_twin or column.name == mart.in_language(base, language))
    )
