"""Superset dashboards: layout, filter bar, cross-filters, colours, style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from superset_assets.builder.catalog import Catalog
from superset_assets.builder.choices import PLACE, choices_uuid, has_choices
from superset_assets.builder.datasets import dataset_uuid, text_twin
from superset_assets.builder.ids import uuid_of
from superset_assets.builder.layout import positions
from superset_assets.builder.specs import Dashboard, Filter, Specs
from superset_assets.builder.style import style
from superset_assets.builder.units import shown


def slug_in(slug: str, language: str) -> str:
    """A dashboard's address in ``language``: ``retention-city``, ``retention-city-en``."""
    return slug if language == "zh" else f"{slug}-{language}"


def build_dashboard(
    dashboard: Dashboard, catalog: Catalog, specs: Specs, language: str
) -> dict[str, Any]:
    """One dashboard in one language, as Superset imports it."""
    ids = {name: number for number, name in enumerate(sorted(set(dashboard.charts)), start=1)}
    filters = [
        _filter(specs.filters[name], dashboard, catalog, language)
        | {"scope": _scope(specs.filters[name], specs, ids)}
        for name in dashboard.filters
    ]
    slug = slug_in(dashboard.slug, language)
    return {
        "dashboard_title": dashboard.title.of(language),
        "description": dashboard.about.of(language),
        "css": style(dashboard, catalog, specs, language),
        "slug": slug,
        "certified_by": None,
        "certification_details": None,
        "published": True,
        "uuid": uuid_of("dashboard", slug),
        "position": positions(dashboard, specs.charts, ids, language),
        "metadata": {
            "color_scheme": "telmart",
            "label_colors": _label_colors(dashboard, catalog, specs, language),
            "shared_label_colors": [],
            "cross_filters_enabled": True,
            "expanded_slices": {},
            "timed_refresh_immune_slices": [],
            "refresh_frequency": 0,
            "filter_bar_orientation": "HORIZONTAL",
            "native_filter_configuration": filters,
            "global_chart_configuration": {
                "scope": {"rootPath": ["ROOT_ID"], "excluded": _silent(ids, specs)},
                "chartsInScope": [],
            },
            "chart_configuration": {
                str(number): _cross(number, name, specs) for name, number in ids.items()
            },
        },
        "version": "1.0.0",
        "theme_uuid": None,
    }


def _cross(number: int, name: str, specs: Specs) -> dict[str, Any]:
    """Whether a click in this chart filters the others. The header's line filters nothing, nor does
    what shows a column that it ignores: the filter bar has chosen another value of it."""
    scope: Any = "global"
    chart = specs.charts[name]
    if chart.kind == "state" or {*chart.by, *chart.columns}.intersection(chart.ignores):
        scope = {"rootPath": [], "excluded": []}
    return {"id": number, "crossFilters": {"scope": scope, "chartsInScope": []}}


def _silent(ids: Mapping[str, int], specs: Specs) -> list[int]:
    """Charts no click elsewhere may change."""
    return [number for name, number in ids.items() if specs.charts[name].kind == "state"]


def _scope(given: Filter, specs: Specs, ids: Mapping[str, int]) -> dict[str, Any]:
    """All charts but the header's line, those that show history of all months, and those that
    ignore the column."""
    excluded = [
        number
        for name, number in ids.items()
        if specs.charts[name].kind == "state"
        or (specs.charts[name].history and given.column == "stat_month")
        or given.column in specs.charts[name].ignores
    ]
    return {"rootPath": ["ROOT_ID"], "excluded": excluded}


def _filter(given: Filter, dashboard: Dashboard, catalog: Catalog, language: str) -> dict[str, Any]:
    mart = catalog[given.mart]
    column = mart.in_language(given.column, language)
    column = text_twin(mart.columns[column]) or column
    return {
        "id": f"NATIVE_FILTER-{given.id}",
        "name": given.name.of(language),
        "description": given.hint.of(language),
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [
            {
                "datasetUuid": choices_uuid(given)
                if has_choices(given)
                else dataset_uuid(given.mart, language),
                "column": {"name": column},
            }
        ],
        "controlValues": {
            "multiSelect": not given.single,
            "enableEmptyFilter": bool(given.first),
            "defaultToFirstItem": bool(given.first),
            "sortAscending": given.first != "last",
            "sortMetric": PLACE if given.lead else None,
            "inverseSelection": False,
            "searchAllOptions": False,
        },
        # Without it the first value is shown in the bar but not applied to the charts.
        "requiredFirst": bool(given.first),
        "sortMetric": PLACE if given.lead else None,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [
            f"NATIVE_FILTER-{parent}" for parent in given.parents if parent in dashboard.filters
        ],
        "chartsInScope": [],
        "tabsInScope": [],
    }


def _label_colors(
    dashboard: Dashboard, catalog: Catalog, specs: Specs, language: str
) -> dict[str, str]:
    """One colour per metric and per value with a meaning, on every chart alike."""
    found: dict[str, str] = {}
    for name in dashboard.charts:
        for metric in catalog[specs.charts[name].mart].metrics.values():
            color = specs.colors["metrics"].get(metric.name)
            if color:
                label = shown(metric, language).name(metric.label.of(language), language)
                # By its name too: a value that reads like a metric's label is taken for it.
                found |= {label: color, metric.name: color}
    for value, color in specs.colors["values"].items():
        found[value] = color
    return dict(sorted(found.items()))
