"""Superset charts (slices) from chart specs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from superset_assets.builder.catalog import Catalog
from superset_assets.builder.datasets import dataset_uuid
from superset_assets.builder.ids import uuid_of
from superset_assets.builder.specs import Chart, Specs
from superset_assets.builder.text import suffix
from superset_assets.builder.viz import KINDS
from superset_assets.builder.viz.context import Context


def slice_key(chart: str, language: str) -> str:
    """Name of a chart's file, and what its UUID is made from."""
    return f"{chart}{suffix(language)}"


def slice_uuid(chart: str, language: str) -> str:
    return uuid_of("chart", slice_key(chart, language))


def context_of(chart: Chart, catalog: Catalog, specs: Specs, language: str) -> Context:
    return Context(chart, catalog[chart.mart], language, specs)


def build_slice(chart: Chart, catalog: Catalog, specs: Specs, language: str) -> Mapping[str, Any]:
    """One chart in one language, as Superset imports it."""
    params = KINDS[chart.kind](context_of(chart, catalog, specs, language))
    return {
        "slice_name": chart.title.of(language),
        "description": chart.about.of(language),
        "certified_by": None,
        "certification_details": None,
        "viz_type": params["viz_type"],
        "params": params,
        "query_context": None,
        "cache_timeout": None,
        "uuid": slice_uuid(chart.id, language),
        "version": "1.0.0",
        "dataset_uuid": dataset_uuid(chart.mart, language, compare=chart.compare),
    }
