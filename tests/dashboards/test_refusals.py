"""Every kind of fault in a spec is refused, with the file and the field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.errors import TelmartError
from superset_assets.build import build_bundle, load

pytestmark = pytest.mark.fast

CHART = "charts/churn_trend.yaml"
BOARD = "dashboards/retention.yaml"


def spoil(assets: Path, name: str, change: Callable[[Any], None]) -> None:
    """Change one spec in place."""
    path = assets / name
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def refused(manifest: Path, assets: Path, out: Path) -> str:
    """The message with which the specs are refused; nothing may have been written."""
    with pytest.raises(TelmartError) as error:
        build_bundle(manifest, out, assets=assets)
    assert error.value.remedy
    assert not list(out.rglob("*.yaml"))
    return error.value.message


def test_the_copy_is_sound(manifest: Path, assets: Path) -> None:
    """Otherwise the refusals below would prove nothing."""
    load(manifest, assets)


FAULTS: dict[str, tuple[str, Callable[[Any], None], tuple[str, ...]]] = {
    "unknown column": (
        CHART,
        lambda c: c.update(by=["stat_week"]),
        ("charts/churn_trend.yaml", "by", "stat_week"),
    ),
    "unknown metric": (
        CHART,
        lambda c: c.update(metrics=["churn_ratio"]),
        ("charts/churn_trend.yaml", "metrics", "churn_ratio"),
    ),
    "metric of another mart": (
        CHART,
        lambda c: c.update(metrics=["customer_retention_rate"]),
        ("charts/churn_trend.yaml", "metrics", "customer_retention_rate"),
    ),
    "ad hoc metric": (
        CHART,
        lambda c: c.update(
            metrics=[{"expressionType": "SQL", "sqlExpression": "sum(off_net_cnt)", "label": "x"}]
        ),
        ("charts/churn_trend.yaml", "metrics", "ad hoc", "sum(off_net_cnt)"),
    ),
    "ad hoc metric as text": (
        CHART,
        lambda c: c.update(metrics=["sum(off_net_cnt)"]),
        ("charts/churn_trend.yaml", "metrics", "sum(off_net_cnt)"),
    ),
    "SQL for a column": (
        CHART,
        lambda c: c.update(by=[{"sqlExpression": "date_trunc('year', stat_month)"}]),
        ("charts/churn_trend.yaml", "by", "SQL belongs in dbt"),
    ),
    "unknown mart": (
        CHART,
        lambda c: c.update(mart="mart_retention__nothing"),
        ("charts/churn_trend.yaml", "mart_retention__nothing"),
    ),
    "unknown kind": (
        CHART,
        lambda c: c.update(kind="pie"),
        ("charts/churn_trend.yaml", "kind", "pie"),
    ),
    "misspelt field": (
        CHART,
        lambda c: c.update(metric=["churn_rate"]),
        ("charts/churn_trend.yaml", "unknown: metric"),
    ),
    "missing field": (CHART, lambda c: c.pop("mart"), ("charts/churn_trend.yaml", "missing: mart")),
    "missing translation": (
        CHART,
        lambda c: c["title"].pop("en"),
        ("charts/churn_trend.yaml", "title", "en"),
    ),
    "empty translation": (
        CHART,
        lambda c: c["about"].update(zh=" "),
        ("charts/churn_trend.yaml", "about", "zh"),
    ),
    "fixed filter on an unknown column": (
        "charts/watch_groups.yaml",
        lambda c: c.update(where=[{"column": "watchgroup", "is_not": "none"}]),
        ("charts/watch_groups.yaml", "where", "watchgroup"),
    ),
    "a filter on an unknown column ignored": (
        CHART,
        lambda c: c.update(ignores=["vad_name"]),
        ("charts/churn_trend.yaml", "ignores", "vad_name"),
    ),
    "mark on an unknown column": (
        "charts/watch_groups.yaml",
        lambda c: c["look"]["marks"][0].update(column="nothing"),
        ("charts/watch_groups.yaml", "nothing"),
    ),
    "sorted by an unknown column": (
        "charts/watch_list.yaml",
        lambda c: c.update(sort=[{"urgency": "desc"}]),
        ("charts/watch_list.yaml", "sort", "urgency"),
    ),
    "dashboard names an unknown chart": (
        BOARD,
        lambda c: c["tabs"][2]["rows"][0][0].update(chart="nothing"),
        ("dashboards/retention.yaml", "nothing"),
    ),
    "the same chart twice": (
        BOARD,
        lambda c: c["tabs"][2]["rows"].append([{"chart": "watch_list", "width": 12, "height": 9}]),
        ("dashboards/retention.yaml", "watch_list", "twice"),
    ),
    "row too wide": (
        BOARD,
        lambda c: c["tabs"][2]["rows"][0][0].update(width=13),
        ("dashboards/retention.yaml", "13 columns"),
    ),
    "chart too wide for phones": (
        BOARD,
        lambda c: (
            c["tabs"][0]["rows"][3][0].update(width=7),
            c["tabs"][0]["rows"][3][1].update(width=5),
        ),
        ("dashboards/retention.yaml", "churn_trend", "phones"),
    ),
    "dashboard names an unknown filter": (
        BOARD,
        lambda c: c["variants"]["retention-city"]["filters"].append("dealer"),
        ("dashboards/retention.yaml", "retention-city", "dealer"),
    ),
    "tab without a translation": (
        BOARD,
        lambda c: c["tabs"][0]["title"].pop("en"),
        ("dashboards/retention.yaml", "tab title"),
    ),
    "dashboard nobody may open": (
        "roles.yaml",
        lambda c: [p["dashboards"].remove("retention-city") for p in c["personas"].values()],
        ("dashboards/retention.yaml", "retention-city", "persona"),
    ),
    "role names an unknown dashboard": (
        "roles.yaml",
        lambda c: c["personas"]["executive"]["dashboards"].append("sales-province"),
        ("roles.yaml", "sales-province"),
    ),
    "filter on an unknown column": (
        "filters.yaml",
        lambda c: c["city"].update(column="town_name"),
        ("filters.yaml", "city", "town_name"),
    ),
    "a matrix of what does not add up": (
        "charts/value_migration.yaml",
        lambda c: c.update(metrics=["grade_down_rate"]),
        ("charts/value_migration.yaml", "grade_down_rate", "do not add up"),
    ),
    "a matrix of two metrics": (
        "charts/value_migration.yaml",
        lambda c: c.update(metrics=["graded_cnt", "grade_moved_cnt"]),
        ("charts/value_migration.yaml", "one metric"),
    ),
    "a share of what is not shown": (
        "charts/value_industries.yaml",
        lambda c: c["look"].update(shares=["group_visit_cnt"]),
        ("charts/value_industries.yaml", "look.shares", "group_visit_cnt"),
    ),
    "filter led by an unknown column": (
        "filters.yaml",
        lambda f: f["value_model"].update(lead={"model_code": "two_axis"}),
        ("filters.yaml", "value_model.lead", "model_code"),
    ),
    "filter below an unknown one": (
        "filters.yaml",
        lambda c: c["area"].update(parents=["district"]),
        ("filters.yaml", "area", "district"),
    ),
    "filter without a translation": (
        "filters.yaml",
        lambda c: c["city"]["name"].pop("zh"),
        ("filters.yaml", "city", "zh"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_refused(fault: str, manifest: Path, assets: Path, tmp_path: Path) -> None:
    name, change, said = FAULTS[fault]
    spoil(assets, name, change)
    message = refused(manifest, assets, tmp_path / "out")
    for words in said:
        assert words in message, message


def test_a_chart_on_no_dashboard(manifest: Path, assets: Path, tmp_path: Path) -> None:
    text = (assets / CHART).read_text(encoding="utf-8")
    (assets / "charts/forgotten.yaml").write_text(text, encoding="utf-8")
    message = refused(manifest, assets, tmp_path / "out")
    assert "charts/forgotten.yaml" in message
    assert "on no dashboard" in message


def test_two_charts_of_one_name(manifest: Path, assets: Path, tmp_path: Path) -> None:
    """for_each makes retention_by_city; a file may not take that name too."""
    text = (assets / CHART).read_text(encoding="utf-8")
    (assets / "charts/retention_by_city.yaml").write_text(text, encoding="utf-8")
    message = refused(manifest, assets, tmp_path / "out")
    assert "retention_by_city" in message
    assert "charts/retention_by.yaml" in message


def test_two_dashboards_of_one_address(manifest: Path, assets: Path, tmp_path: Path) -> None:
    text = (assets / BOARD).read_text(encoding="utf-8")
    (assets / "dashboards/second.yaml").write_text(text, encoding="utf-8")
    message = refused(manifest, assets, tmp_path / "out")
    assert "dashboards/second.yaml" in message
    assert "dashboards/retention.yaml" in message


def test_all_faults_are_told_at_once(manifest: Path, assets: Path, tmp_path: Path) -> None:
    spoil(assets, CHART, lambda c: c.update(metrics=["first_fault"]))
    spoil(assets, "charts/arpu_trend.yaml", lambda c: c.update(metrics=["second_fault"]))
    message = refused(manifest, assets, tmp_path / "out")
    assert "first_fault" in message
    assert "second_fault" in message


def test_not_yaml(manifest: Path, assets: Path, tmp_path: Path) -> None:
    (assets / CHART).write_text("title: {zh: 离网", encoding="utf-8")
    assert "charts/churn_trend.yaml" in refused(manifest, assets, tmp_path / "out")


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(TelmartError, match=r"nothing\.json"):
        build_bundle(tmp_path / "nothing.json", tmp_path / "out")


@pytest.mark.parametrize("key", ["unit", "direction", "additivity", "owner", "label_zh"])
def test_a_metric_without_its_meta(key: str, manifest: Path, tmp_path: Path) -> None:
    import json

    document = json.loads(manifest.read_text(encoding="utf-8"))
    del document["metrics"]["metric.telmart.churn_rate"]["config"]["meta"][key]
    spoilt = tmp_path / "manifest.json"
    spoilt.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(TelmartError, match=f"churn_rate: meta.{key}"):
        build_bundle(spoilt, tmp_path / "out")
