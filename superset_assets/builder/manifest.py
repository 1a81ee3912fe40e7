"""Reading marts and metrics from dbt's manifest.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.errors import TelmartError
from superset_assets.builder.catalog import (
    ADDITIVITIES,
    DIRECTIONS,
    UNITS,
    Catalog,
    Column,
    Mart,
    Metric,
)
from superset_assets.builder.text import Text

_DIMENSION = re.compile(r"\{\{\s*(?:Time)?Dimension\(\s*'(?:\w+__)?(\w+)'[^)]*\)\s*\}\}")


def read_catalog(manifest: Path) -> Catalog:
    """Marts by name, each with the metrics declared on it.

    Raises:
        TelmartError: the manifest is missing or unreadable, or a metric's meta is incomplete.
    """
    document = _load(manifest)
    marts: dict[str, Mart] = {}
    for node in document["nodes"].values():
        if node["resource_type"] == "model" and node["name"].startswith("mart_"):
            marts[node["name"]] = _mart(node)
    declared = read_metrics(document)
    return {
        name: Mart(
            mart.name,
            mart.schema,
            mart.label,
            mart.description,
            mart.columns,
            {m.name: m for m in declared if m.mart == name},
        )
        for name, mart in sorted(marts.items())
    }


def _load(manifest: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TelmartError(
            f"The dbt manifest {manifest} cannot be read: {error}",
            "Run `telmart run`, or `dbt parse` in dbt_project/, and try again.",
        ) from error
    return found


def _mart(node: dict[str, Any]) -> Mart:
    meta = node["config"].get("meta") or {}
    columns = {}
    for name, column in node["columns"].items():
        notes = column.get("config", {}).get("meta") or {}
        columns[name] = Column(
            name=name,
            data_type=(column.get("data_type") or "text").lower(),
            label=Text(notes.get("label_zh", ""), notes.get("label", "")),
            description=Text(notes.get("description_zh", ""), column.get("description", "")),
            unit=notes.get("unit", ""),
        )
    return Mart(
        name=node["name"],
        # mart_retention__cohort_month is served as retention.mart_retention__cohort_month
        schema=node["name"].removeprefix("mart_").split("__")[0],
        label=Text(meta.get("label_zh", node["name"]), meta.get("label", node["name"])),
        description=Text(meta.get("description_zh", ""), node.get("description", "")),
        columns=columns,
    )


def read_metrics(document: Mapping[str, Any]) -> list[Metric]:
    """All metrics of a manifest, in the order of their names.

    Raises:
        TelmartError: a metric lacks meta, or is of a type we cannot turn into SQL.
    """
    model_of = {
        model["name"]: model["node_relation"]["alias"]
        for model in document["semantic_models"].values()
    }
    measures = {
        measure["name"]: (model["node_relation"]["alias"], measure)
        for model in document["semantic_models"].values()
        for measure in model["measures"]
    }
    raw = {metric["name"]: metric for metric in document["metrics"].values()}
    found: dict[str, Metric] = {}
    for name in sorted(raw):
        _read(name, raw, model_of, measures, found)
    return [found[name] for name in sorted(found)]


def _read(
    name: str,
    raw: Mapping[str, Any],
    model_of: Mapping[str, str],
    measures: Mapping[str, Any],
    found: dict[str, Metric],
) -> Metric:
    if name in found:
        return found[name]
    metric = raw[name]
    where = f"{metric['original_file_path']}: metric {name}"
    params, kind = metric["type_params"], metric["type"]
    agg = expr = mart = ""
    inputs: tuple[str, ...] = ()
    if kind == "simple":
        own = params.get("metric_aggregation_params")
        if own:
            mart, agg = model_of[own["semantic_model"]], own["agg"]
            expr = params.get("expr") or name
        else:
            mart, measure = measures[params["measure"]["name"]]
            if params["measure"].get("filter"):
                raise TelmartError(
                    f"{where}: a filter on its measure is not understood here.",
                    "Put the filter on the metric.",
                )
            agg, expr = measure["agg"], measure.get("expr") or measure["name"]
    elif kind in ("ratio", "derived"):
        parts = params["metrics"] if kind == "derived" else None
        parts = parts or [params["numerator"], params["denominator"]]
        if any(p.get("offset_window") or p.get("filter") or p.get("alias") for p in parts):
            raise TelmartError(
                f"{where}: windows, filters and aliases on inputs are not understood here.",
                "Declare the input as a metric of its own.",
            )
        inputs, expr = tuple(p["name"] for p in parts), params.get("expr") or ""
        mart = {_read(i, raw, model_of, measures, found).mart for i in inputs}.pop()
    else:
        raise TelmartError(
            f"{where}: type {kind} is not understood here.",
            "Use simple, ratio or derived, or teach superset_assets/builder/metric_sql.py.",
        )
    meta = metric["config"].get("meta") or {}
    for key, allowed in (
        ("unit", UNITS),
        ("direction", DIRECTIONS),
        ("additivity", ADDITIVITIES),
    ):
        if meta.get(key) not in allowed:
            raise TelmartError(
                f"{where}: meta.{key} is {meta.get(key)!r}.",
                f"Write one of: {', '.join(allowed)}.",
            )
    for key in ("label_zh", "description_zh", "owner"):
        if not meta.get(key):
            raise TelmartError(f"{where}: meta.{key} is missing.", "Write it in the mart's YAML.")
    found[name] = Metric(
        name=name,
        mart=mart,
        kind=kind,
        label=Text(meta["label_zh"], metric["label"]),
        description=Text(meta["description_zh"], metric["description"]),
        unit=meta["unit"],
        direction=meta["direction"],
        additivity=meta["additivity"],
        owner=meta["owner"],
        agg=agg,
        expr=expr,
        inputs=inputs,
        condition=_condition(metric.get("filter"), where),
    )
    return found[name]


def _condition(given: Any, where: str) -> str:
    """A metric's own filter as SQL: ``{{ Dimension('row__is_mid_high') }}`` becomes the column."""
    if not given:
        return ""
    plain = [
        _DIMENSION.sub(r"\1", part["where_sql_template"]).strip() for part in given["where_filters"]
    ]
    if any("{{" in part for part in plain):
        raise TelmartError(
            f"{where}: its filter is not understood: {plain}.",
            "Filter on columns of the same mart, as {{ Dimension('row__is_mid_high') }}.",
        )
    return " AND ".join(f"({part})" for part in plain)
