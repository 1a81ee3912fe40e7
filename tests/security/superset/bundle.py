"""A small bundle for the tests of deploying and of access: a few charts on one published mart.

Written here rather than taken from the product, so that these tests fail only for faults of
deploying and access, and so that they can take charts away and break files at will.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import yaml

OURS = "7e1a4a47"
_SPACE = uuid.UUID("5d6f0a52-6f0b-4a58-9d0a-0d6a5f1c2b11")


def uid(name: str) -> str:
    """The UUID of ``name``, with the prefix that marks it as ours."""
    return OURS + str(uuid.uuid5(_SPACE, name))[8:]


DATABASE = {
    "database_name": "telmart",
    "uuid": uid("database"),
    "sqlalchemy_uri": "postgresql+psycopg2://telmart_gate@warehouse/telmart",
    "expose_in_sqllab": True,
    "allow_run_async": False,
    "allow_ctas": False,
    "allow_cvas": False,
    "allow_dml": False,
    "allow_file_upload": False,
    "cache_timeout": None,
    "extra": {"allows_virtual_table_explore": False},
    "version": "1.0.0",
}


def dataset(table: str, schema: str, columns: dict[str, str], metrics: dict[str, str]) -> dict:
    """A dataset of Superset on ``schema.table``."""
    return {
        "table_name": table,
        "schema": schema,
        "uuid": uid(f"dataset {table}"),
        "database_uuid": DATABASE["uuid"],
        "main_dttm_col": "stat_month" if "stat_month" in columns else None,
        "description": None,
        "cache_timeout": None,
        "filter_select_enabled": True,
        "extra": None,
        "columns": [
            {
                "column_name": name,
                "type": kind,
                "is_dttm": kind == "DATE",
                "groupby": True,
                "filterable": True,
            }
            for name, kind in columns.items()
        ],
        "metrics": [
            {"metric_name": name, "expression": expression, "currency": None}
            for name, expression in metrics.items()
        ],
        "version": "1.0.0",
    }


def chart(name: str, table: str, viz_type: str, **params: Any) -> dict:
    """A chart with its controls."""
    return {
        "slice_name": name,
        "uuid": uid(f"chart {name}"),
        "viz_type": viz_type,
        "dataset_uuid": uid(f"dataset {table}"),
        "description": None,
        "certified_by": None,
        "certification_details": None,
        "cache_timeout": None,
        "query_context": None,
        "params": {"viz_type": viz_type, "adhoc_filters": [], **params},
        "version": "1.0.0",
    }


def dashboard(slug: str, title: str, charts: list[dict], filters: list[dict]) -> dict:
    """A dashboard of one row of ``charts``."""
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "children": ["ROW-1"],
            "parents": ["ROOT_ID"],
        },
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
        "ROW-1": {
            "type": "ROW",
            "id": "ROW-1",
            "children": [f"CHART-{n}" for n in range(len(charts))],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
            "parents": ["ROOT_ID", "GRID_ID"],
        },
    }
    for n, said in enumerate(charts):
        position[f"CHART-{n}"] = {
            "type": "CHART",
            "id": f"CHART-{n}",
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID", "ROW-1"],
            "meta": {
                "chartId": n + 1,
                "uuid": said["uuid"],
                "sliceName": said["slice_name"],
                "width": 4,
                "height": 40,
            },
        }
    return {
        "dashboard_title": title,
        "slug": slug,
        "uuid": uid(f"dashboard {slug}"),
        "description": None,
        "css": "",
        "published": True,
        "position": position,
        "metadata": {
            "cross_filters_enabled": True,
            "native_filter_configuration": filters,
            "filter_bar_orientation": "HORIZONTAL",
            "global_chart_configuration": {
                "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
                "chartsInScope": [],
            },
            "chart_configuration": {},
            "color_scheme": "telmart",
        },
        "version": "1.0.0",
    }


def select_filter(name: str, table: str, column: str, parents: list[str]) -> dict:
    """A drop-down filter on one column, narrowed by its parents."""
    return {
        "id": f"NATIVE_FILTER-{name}",
        "name": name,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "description": "",
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "cascadeParentIds": [f"NATIVE_FILTER-{parent}" for parent in parents],
        "chartsInScope": [],
        "tabsInScope": [],
        "targets": [{"column": {"name": column}, "datasetUuid": uid(f"dataset {table}")}],
        "controlValues": {
            "multiSelect": True,
            "enableEmptyFilter": False,
            "defaultToFirstItem": False,
            "sortAscending": True,
            "inverseSelection": False,
            "searchAllOptions": False,
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
    }


#: datasets: table to SQL types of the columns and to saved metrics
_KEYS = dict.fromkeys(
    ("province_id", "city_id", "city_name", "county_id", "area_id", "account_manager_id"), "TEXT"
)
SEGMENT = "mart_retention__segment_month"
SUBSCRIBER = "mart_retention__subscriber_month"
STATE = "data_state"
ENGLISH = f"{SEGMENT}_en"
_SEGMENT_COLUMNS = {
    "stat_month": "DATE",
    **_KEYS,
    "vad_class": "TEXT",
    "subscriber_cnt": "BIGINT",
    "billed_amt": "NUMERIC",
}
_SEGMENT_METRICS = {"subscriber_cnt": "SUM(subscriber_cnt)", "billed_amt": "SUM(billed_amt)"}
_SUBSCRIBER_COLUMNS = {
    "stat_month": "DATE",
    **_KEYS,
    "subscriber_id": "TEXT",
    "msisdn_masked": "TEXT",
    "customer_name_masked": "TEXT",
    "vip_level": "TEXT",
    "billed_amt": "NUMERIC",
}
_SUBSCRIBER_METRICS = {"listed_cnt": "COUNT(*)"}


def _datasets() -> dict[str, dict]:
    segment = dataset(SEGMENT, "retention", _SEGMENT_COLUMNS, _SEGMENT_METRICS)
    virtual = dataset(ENGLISH, "retention", _SEGMENT_COLUMNS, _SEGMENT_METRICS)
    virtual["sql"] = f"select * from retention.{SEGMENT}"
    state_columns = {"mart": "TEXT", "state_name": "TEXT", "reason": "TEXT"}
    return {
        SEGMENT: segment,
        ENGLISH: virtual,
        SUBSCRIBER: dataset(SUBSCRIBER, "retention", _SUBSCRIBER_COLUMNS, _SUBSCRIBER_METRICS),
        STATE: dataset(STATE, "status", state_columns, {"rows": "COUNT(*)"}),
    }


def _charts() -> dict[str, dict]:
    units = {
        "query_mode": "aggregate",
        "groupby": ["city_name", "area_id"],
        "metrics": ["subscriber_cnt", "billed_amt"],
        "timeseries_limit_metric": "billed_amt",
        "order_desc": True,
        "row_limit": 100,
    }
    listed = {
        "query_mode": "raw",
        "all_columns": ["subscriber_id", "msisdn_masked", "customer_name_masked", "area_id"],
        "order_by_cols": ['["subscriber_id", true]'],
        "row_limit": 500,
    }
    line = {
        "x_axis": "stat_month",
        "time_grain_sqla": "P1M",
        "metrics": ["subscriber_cnt"],
        "groupby": ["city_name"],
        "row_limit": 1000,
        "truncate_metric": True,
        "show_empty_columns": False,
        "y_axis_format": ",d",
    }
    state = {
        "query_mode": "aggregate",
        "groupby": ["state_name", "reason"],
        "metrics": [],
        "row_limit": 5,
    }
    number = {"metric": "subscriber_cnt", "y_axis_format": ",d", "row_limit": 1000}
    return {
        "state": chart("State", STATE, "table", **state),
        "tile": chart("On net", SEGMENT, "big_number_total", **number),
        "units": chart("Areas", SEGMENT, "table", **units),
        "trend": chart("Trend", SEGMENT, "echarts_timeseries_line", **line),
        "list": chart("Customers", SUBSCRIBER, "table", **listed),
        "virtual": chart("Areas, virtual", ENGLISH, "table", **units),
    }


def small() -> dict[str, dict]:
    """The whole bundle: file name to what it says."""
    charts = _charts()
    month = select_filter("month", SEGMENT, "stat_month", []) | {"requiredFirst": True}
    month["controlValues"] |= {"sortAscending": False, "defaultToFirstItem": True,
                               "enableEmptyFilter": True, "multiSelect": False}  # fmt: skip
    # ordered by a metric, as the choice of a value model is
    city = select_filter("city", SEGMENT, "city_name", ["month"]) | {"sortMetric": "subscriber_cnt"}
    city["controlValues"]["sortMetric"] = "subscriber_cnt"
    filters = [
        month,
        city,
        select_filter("area", SEGMENT, "area_id", ["city"]),
    ]
    files = {
        "metadata.yaml": {
            "version": "1.0.0",
            "type": "assets",
            "timestamp": "2026-01-01T00:00:00+00:00",
        },
        "databases/telmart.yaml": DATABASE,
        **{f"datasets/telmart/{name}.yaml": said for name, said in _datasets().items()},
        **{f"charts/{name}.yaml": said for name, said in charts.items()},
    }
    titles = {"retention-province": ("全省保有", "Retention: province"),
              "retention-city": ("地市保有", "Retention: city"),
              "value-province": ("全省集团", "Groups: province"),
              "value-city": ("地市集团", "Groups: city"),
              "value-county": ("区县集团", "Groups: county"),
              "value-mine": ("我的集团", "My groups"),
              "people-province": ("全省个人", "People: province"),
              "people-city": ("地市个人", "People: city"),
              "people-mine": ("我的个人", "My people")}  # fmt: skip
    for slug, (chinese, english) in titles.items():
        shown = list(charts.values())
        files[f"dashboards/{slug}.yaml"] = dashboard(slug, chinese, shown, filters)
        files[f"dashboards/{slug}-en.yaml"] = dashboard(slug + "-en", english, shown, filters)
    return files


def write(files: dict[str, dict], folder: Path) -> Path:
    """Write ``files`` into ``folder``, which then holds nothing else."""
    for old in folder.rglob("*.yaml"):
        old.unlink()
    for name, said in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), "utf-8")
    return folder
