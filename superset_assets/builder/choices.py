"""Datasets of the values a filter offers, for filters that must always have one.

Superset shows no dashboard until a filter with a default has found its first value. Somebody who
sees no rows has none and would wait for ever, so there is one value for them: the latest published
month, or a dash. Anybody with rows gets exactly the values in them.
"""

from __future__ import annotations

from typing import Any

from superset_assets.builder.catalog import Mart
from superset_assets.builder.datasets import saved_metric
from superset_assets.builder.ids import uuid_of
from superset_assets.builder.specs import Filter, Specs

#: the one choice of a person without rows, where a name would stand
NOTHING = "–"
#: column and metric by which choices are sorted where one of them leads
PLACE = "place"
_LATEST = (
    "(select coalesce(max(stat_month), cast(date_trunc('month', current_date) as date))"
    " from status.data_state)"
)


def has_choices(given: Filter) -> bool:
    """Whether the filter has a dataset of its own: whether it must always have a value."""
    return bool(given.first)


def choices_uuid(given: Filter) -> str:
    return uuid_of("dataset", choices_name(given))


def choices_name(given: Filter) -> str:
    return f"choices_{given.id}"


def build_choices(given: Filter, mart: Mart, specs: Specs, database_uuid: str) -> dict[str, Any]:
    """The dataset, for both languages: the filter's column, its twin, and what narrows it."""
    names = [given.column, *(specs.filters[parent].column for parent in given.parents)]
    columns = [c for name in names for c in (name, f"{name}_en") if c in mart.columns]
    lead, leads = _lead(given)
    seen = ", ".join(columns + lead)
    fallback = ", ".join(
        f"{_LATEST} as {name}" if mart.columns[name].is_date else f"'{NOTHING}' as {name}"
        for name in columns
    ) + "".join(f", 0 as {name}" for name in lead)
    return {
        "table_name": choices_name(given),
        "main_dttm_col": None,
        "description": f"{given.name.zh} · {given.name.en}",
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "catalog": None,
        # of no use to a row rule: it holds no keys, and its rows come from a table that has one
        "schema": "status",
        "sql": (
            f"with seen as (select distinct {', '.join(columns)}{leads}"
            f" from {mart.schema}.{mart.name})\n"
            f"select {seen} from seen\n"
            f"union all\n"
            f"select {fallback} where not exists (select 1 from seen)"
        ),
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "folders": None,
        "uuid": choices_uuid(given),
        "metrics": [saved_metric(name, name, "", f"min({name})", None) for name in lead],
        "columns": [
            {
                "column_name": name,
                "verbose_name": mart.columns[name].label.zh,
                "is_dttm": mart.columns[name].is_date,
                "is_active": True,
                "type": mart.columns[name].data_type.upper(),
                "advanced_data_type": None,
                "groupby": True,
                "filterable": True,
                "expression": None,
                "description": mart.columns[name].description.zh,
                "python_date_format": None,
                "extra": {},
            }
            for name in columns
        ],
        "version": "1.0.0",
        "database_uuid": database_uuid,
    }


def _lead(given: Filter) -> tuple[list[str], str]:
    """The column that says what stands first, if the filter has one, and how it is made."""
    if not given.lead:
        return [], ""
    ((column, value),) = given.lead.items()
    return [PLACE], f", case when {column} = '{value}' then 0 else 1 end as {PLACE}"
