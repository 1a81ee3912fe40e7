"""What a browser asks Superset when it opens a dashboard, question by question.

Superset's cache is keyed by the exact question, and its own warm-up knows the question only of
charts somebody has saved by hand. So this repeats, for the kinds of charts we use, what the chart
plugins of Superset 6.1 do in the browser. tests/security/superset/test_superset_browser.py compares
the two in a real browser: a plugin that changes its mind is noticed there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Form = Mapping[str, Any]
Query = dict[str, Any]
#: conditions put on a chart by the filter bar: ``{"col": …, "op": "IN", "val": […]}``
Filters = list[dict[str, Any]]


class UnknownQuestionError(Exception):
    """A kind of chart, or a setting of one, whose question is not known here."""


def of_chart(form: Form, dataset: int, filters: Filters) -> dict[str, Any]:
    """The question of one chart.

    Args:
        form: the chart's controls (``params``).
        dataset: Superset's number of the dataset.
        filters: what the filter bar adds.

    Raises:
        UnknownQuestionError: this cannot say what the browser asks.
    """
    build = _KINDS.get(form["viz_type"])
    if build is None:
        raise UnknownQuestionError(f"charts of the kind {form['viz_type']} are not known")
    return _context(form, dataset, build(form, filters))


def of_filter(
    column: str, ascending: bool | None, metric: str | None, dataset: int, filters: Filters
) -> dict[str, Any]:
    """The question for the values of a drop-down filter.

    Args:
        ascending: order of the values; None for none.
        metric: what they are ordered by, if not by themselves.
        filters: values chosen in the filters this one depends on.
    """
    form = {"viz_type": "filter_select", "row_limit": 1000}
    query = _base(form, filters) | {
        "columns": [column],
        "metrics": [metric] if metric else [],
        "orderby": [] if ascending is None else [[metric or column, ascending]],
    }
    return _context(form, dataset, query)


def _context(form: Form, dataset: int, query: Query) -> dict[str, Any]:
    return {
        "datasource": {"id": dataset, "type": "table"},
        "force": False,
        "form_data": {**form, "datasource": f"{dataset}__table"},
        "queries": [query],
        "result_format": "json",
        "result_type": "full",
    }


def _base(form: Form, filters: Filters) -> Query:
    """What all kinds have in common (``buildQueryObject``)."""
    own = []
    for adhoc in form.get("adhoc_filters") or []:
        if adhoc["expressionType"] != "SIMPLE" or adhoc["clause"] != "WHERE":
            raise UnknownQuestionError("a filter in SQL")
        if adhoc["operator"] == "TEMPORAL_RANGE":
            raise UnknownQuestionError("a filter on a time range")
        condition = {"col": adhoc["subject"], "op": adhoc["operator"]}
        if "comparator" in adhoc:
            condition["val"] = adhoc["comparator"]
        own.append(condition)
    grain = form.get("time_grain_sqla")
    query: Query = {
        "filters": [*filters, *own],
        "extras": {**({"time_grain_sqla": grain} if grain else {}), "having": "", "where": ""},
        "applied_time_extras": {},
        "columns": [],
        "orderby": [json.loads(order) for order in form.get("order_by_cols") or []],
        "annotation_layers": [],
        "row_limit": int(form["row_limit"]),
        "series_limit": int(form.get("series_limit") or 0),
        "group_others_when_limit_reached": bool(form.get("group_others_when_limit_reached")),
        "order_desc": form.get("order_desc", True),
        "url_params": {},
        "custom_params": {},
        "custom_form_data": {},
    }
    if form.get("timeseries_limit_metric"):
        query["series_limit_metric"] = form["timeseries_limit_metric"]
    return query


def _table(form: Form, filters: Filters) -> Query:
    query = _base(form, filters) | {"post_processing": [], "time_offsets": []}
    if form.get("server_pagination") or form.get("show_totals"):
        raise UnknownQuestionError("a table with pages or totals made by the server")
    if form["query_mode"] == "raw":
        return query | {"columns": list(form["all_columns"])}
    metrics = list(form.get("metrics") or [])
    shares = list(form.get("percent_metrics") or [])
    if shares:
        query["post_processing"] = [
            {
                "operation": "contribution",
                "options": {"columns": shares, "rename_columns": [f"%{s}" for s in shares]},
            }
        ]
    order = form.get("timeseries_limit_metric")
    if order:
        query["orderby"] = [[order, not form.get("order_desc", False)]]
    elif metrics:
        query["orderby"] = [[metrics[0], False]]
    metrics += [share for share in shares if share not in metrics]
    return query | {"columns": list(form.get("groupby") or []), "metrics": metrics}


def _pivot(form: Form, filters: Filters) -> Query:
    if form.get("series_limit_metric") or form.get("time_grain_sqla"):
        raise UnknownQuestionError("a matrix with a limit of its own or months as headers")
    query, metrics = _base(form, filters), list(form["metrics"])
    return query | {
        "columns": [*form["groupbyColumns"], *form["groupbyRows"]],
        "metrics": metrics,
        "orderby": [[metrics[0], not query["order_desc"]]],
    }


def _number(form: Form, filters: Filters) -> Query:
    return _base(form, filters) | {"metrics": [form["metric"]]}


def _series(form: Form, filters: Filters) -> Query:
    if form.get("time_compare") or form.get("forecastEnabled") or form.get("rolling_type"):
        raise UnknownQuestionError("a line compared, rolled or forecast by Superset")
    metrics, groups = list(form["metrics"]), list(form.get("groupby") or [])
    query = _base(form, filters)
    descending = not query["order_desc"]
    order = form.get("timeseries_limit_metric") or metrics[0]
    axis: dict[str, Any] = {
        "columnType": "BASE_AXIS",
        "sqlExpression": form["x_axis"],
        "label": form["x_axis"],
        "expressionType": "SQL",
        "isColumnReference": True,
    }
    if form.get("time_grain_sqla"):
        axis["timeGrain"] = form["time_grain_sqla"]
    return query | {
        "columns": [axis, *groups],
        "metrics": metrics,
        "orderby": [[order, descending]],
        "series_columns": groups,
        "time_offsets": [],
        "post_processing": _reshaping(form, metrics, groups),
    }


def _reshaping(form: Form, metrics: list[str], groups: list[str]) -> list[dict[str, Any]]:
    """From rows to one column per line, as the series charts want them."""
    pivot = {
        "index": [form["x_axis"]],
        "columns": groups,
        "aggregates": {metric: {"operator": "mean"} for metric in metrics},
        "drop_missing_columns": not form.get("show_empty_columns", False),
    }
    steps: list[dict[str, Any]] = [{"operation": "pivot", "options": pivot}]
    if groups and form.get("truncate_metric") and len(metrics) == 1:
        rename = {"columns": {metrics[0]: None}, "level": 0, "inplace": True}
        steps.append({"operation": "rename", "options": rename})
    if form.get("contributionMode"):
        share = {"orientation": form["contributionMode"], "time_shifts": []}
        steps.append({"operation": "contribution", "options": share})
    sort, ascending = form.get("x_axis_sort"), form.get("x_axis_sort_asc")
    if sort and ascending is not None and not groups and sort in (form["x_axis"], *metrics):
        by = {"is_sort_index": True} if sort == form["x_axis"] else {"by": sort}
        steps.append({"operation": "sort", "options": {**by, "ascending": ascending}})
    return [*steps, {"operation": "flatten"}]


_KINDS: Mapping[str, Callable[[Form, Filters], Query]] = {
    "table": _table,
    "pivot_table_v2": _pivot,
    "big_number_total": _number,
    "echarts_timeseries_line": _series,
    "echarts_timeseries_bar": _series,
}
