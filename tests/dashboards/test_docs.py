"""What is generated and checked in is up to date."""

from __future__ import annotations

import pytest
import yaml

from orchestration.settings import ROOT
from superset_assets.builder.catalog import Catalog
from superset_assets.builder.docs import DICTIONARY, EXPOSURES, pages
from superset_assets.builder.specs import Specs

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("page", [DICTIONARY, EXPOSURES], ids=str)
def test_up_to_date(page, loaded: tuple[Catalog, Specs]) -> None:  # type: ignore[no-untyped-def]
    wanted = pages(*loaded)[page]
    assert (ROOT / page).read_text(encoding="utf-8") == wanted, f"{page} is old: run `make docs`"


def test_the_dictionary_has_every_metric_in_both_languages(
    loaded: tuple[Catalog, Specs],
) -> None:
    text = (ROOT / DICTIONARY).read_text(encoding="utf-8")
    catalog, _ = loaded
    metrics = [metric for mart in catalog.values() for metric in mart.metrics.values()]
    assert metrics
    for metric in metrics:
        assert f"### {metric.label.zh} · {metric.label.en}" in text
        assert f"`{metric.name}`" in text
        assert metric.description.zh in text
        assert metric.description.en in text


def test_each_dashboard_is_an_exposure_of_the_marts_it_reads(
    loaded: tuple[Catalog, Specs],
) -> None:
    _, specs = loaded
    said = yaml.safe_load((ROOT / EXPOSURES).read_text(encoding="utf-8"))["exposures"]
    found = {exposure["url"].split("/")[-2]: exposure["depends_on"] for exposure in said}
    assert set(found) == set(specs.dashboards)
    for slug, dashboard in specs.dashboards.items():
        for name in dashboard.charts:
            chart = specs.charts[name]
            if chart.mart.startswith("mart_"):
                assert f"ref('{chart.mart}')" in found[slug]
            for metric in chart.metrics:
                assert f"metric('{metric}')" in found[slug]
