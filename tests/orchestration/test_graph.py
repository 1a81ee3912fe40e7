"""The asset graph: every extract leads to every dashboard, and nothing gets past a check."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.contracts import all_feeds
from orchestration.defs import load
from orchestration.publication import manifest, published_marts
from orchestration.quality.suites import arrival_suites, mart_suites
from orchestration.refresh.dashboards import read_dashboards
from orchestration.refresh.instance import JOB
from orchestration.settings import ROOT, Settings

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def settings(graph_settings: Settings) -> Settings:
    return graph_settings


@pytest.fixture(scope="module")
def definitions(settings: Settings) -> Iterator[dg.Definitions]:
    before = dict(os.environ)
    yield load(settings)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> Any:
    return definitions.resolve_asset_graph()


def raw(feed: str) -> dg.AssetKey:
    return dg.AssetKey(["raw", feed.replace(".", "__")])


def downstream(graph: Any, key: dg.AssetKey) -> set[dg.AssetKey]:
    """Everything that depends on ``key``, however far."""
    found, todo = set(), [key]
    while todo:
        for child in graph.get(todo.pop()).child_keys:
            if child not in found:
                found.add(child)
                todo.append(child)
    return found


def test_each_feed_is_an_asset_with_a_blocking_check(settings: Settings, graph: Any) -> None:
    feeds = [f for f in all_feeds(settings).values() if f.enabled]
    assert len(feeds) >= 9
    for feed in feeds:
        checks = graph.get_check_keys_for_assets({raw(feed.name)})
        blocks = {c.name: graph.get_check_spec(c).blocking for c in checks}
        # a late feed is told, and holds nothing back
        on_time = {"on_time": False} if feed.period_kind != "full" else {}
        assert blocks == {"arrival": True} | on_time, feed.name


def test_each_mart_check_blocks_publication(settings: Settings, graph: Any) -> None:
    tables = published_marts(settings)
    assert len(tables) >= 4
    for table in tables:
        built = dg.AssetKey([table.build_schema, table.table])
        served = dg.AssetKey([table.mart, table.table])
        checks = [
            graph.get_check_spec(c)
            for c in graph.get_check_keys_for_assets({built})
            if c.name == "trustworthy"
        ]
        assert [c.blocking for c in checks] == [True], f"{table.table} has no blocking suite"
        assert served in graph.get(built).child_keys
        # the served table has no other parent through which it could be reached unchecked
        assert graph.get(served).parent_keys == {built}


def test_a_path_leads_from_each_feed_to_each_dashboard(settings: Settings, graph: Any) -> None:
    """From a feed that all marts are built from; one that some can do without blocks no step."""
    boards = {dg.AssetKey(["dashboards", board.slug]) for board in read_dashboards()}
    shown = {table for board in read_dashboards() for table in board.tables}
    for mart, tables in manifest.by_mart(published_marts(settings)).items():
        assert shown & {table.table for table in tables}, f"no dashboard shows {mart}"
    feeds = manifest.always_needed(settings)
    assert feeds
    for feed in feeds:
        reached = downstream(graph, raw(feed))
        assert boards <= reached, f"{feed} does not reach {boards - reached}"


def test_pages_of_groups_do_not_wait_for_feeds_of_individuals(settings: Settings) -> None:
    """Decision 62: what only the marts of individual customers are built from holds those alone."""
    needed = manifest.feeds_by_mart(settings)
    individual = {"boss.recharge", "boss.status_event", "mediation.usage_area"}
    assert individual <= needed["individual_value"]
    assert not individual & needed["customer_value"]


def test_dbt_starts_after_every_arrival_check(
    definitions: dg.Definitions, settings: Settings
) -> None:
    """The execution plan, not only the lineage: the dbt step waits for the checks of all it reads;
    loads and checks of other feeds come before it by their priority."""
    job = definitions.resolve_job_def(JOB)
    from dagster._core.execution.api import create_execution_plan

    plan = create_execution_plan(job)
    dbt = plan.get_step_by_key("dbt_build")
    upstream = dbt.get_execution_dependency_keys()
    for feed in manifest.always_needed(settings):
        assert f"raw__{feed.replace('.', '__')}_arrival" in upstream, feed
    priority = {step.key: int(step.tags.get("dagster/priority", 0)) for step in plan.steps}
    for feed in arrival_suites(settings):
        table = feed.replace(".", "__")
        assert priority["dbt_build"] < priority[f"raw__{table}"], feed
        assert priority[f"raw__{table}"] < priority[f"raw__{table}_arrival"], feed
    for mart, tables in manifest.by_mart(published_marts(settings)).items():
        publish = plan.get_step_by_key(f"publish_{mart}").get_execution_dependency_keys()
        for table in tables:
            assert f"build__{table.table}_trustworthy" in publish, table.table


def test_each_suite_is_an_asset_on_what_it_guards(settings: Settings, graph: Any) -> None:
    for feed, suite in arrival_suites(settings).items():
        assert graph.get(dg.AssetKey(suite.asset_key)).parent_keys == {raw(feed)}
    for table, suite in mart_suites(settings).items():
        assert graph.get(dg.AssetKey(suite.asset_key)).parent_keys == {
            dg.AssetKey(["build", table])
        }


def test_each_published_table_has_a_suite(settings: Settings) -> None:
    assert {t.table for t in published_marts(settings)} == set(mart_suites(settings))


def test_definitions_only_collect() -> None:
    text = (ROOT / "orchestration/definitions.py").read_text()
    assert len(text.splitlines()) < 60
    for path in Path(ROOT / "orchestration/defs").rglob("*.py"):
        assert len(path.read_text().splitlines()) < 300, path


def test_what_is_apart_from_a_feed(settings: Settings) -> None:
    """What a month's run leaves out: models that none of the feeds loaded is above."""
    without = set(manifest.apart_from(settings, {"boss.recharge"}))
    assert {"dim_month", "dim_org_unit", "fct_visit"} <= without
    assert "fct_subscriber_month" not in without
    assert "mart_retention__warning" not in without
    part = set(manifest.apart_from(settings, {"boss.subscriber_bill"}))
    assert "mart_customer_value__operator_area" in part
    whole = set(manifest.apart_from(settings, {"boss.subscriber_bill"}, {"customer_value"}))
    assert part - whole >= {"mart_customer_value__operator_area"}
    assert {name.partition("__")[0] for name in part - whole} == {"mart_customer_value"}
    of_no_feed = set(manifest.apart_from(settings, None))
    assert "dim_month" in of_no_feed
    assert "dim_org_unit" not in of_no_feed


def test_a_test_belongs_to_the_model_it_is_written_at(settings: Settings) -> None:
    ids = manifest.below_marts(settings)["retention"]
    names = {key.split(".")[2] for key in ids}
    assert "unique_combination_dim_org_unit_stat_month__org_unit_id" in names
    looking_in = [n for n in all_tests(settings) if n.startswith("refers_in_month_fct_visit_")]
    assert looking_in, "it looks into dim_org_unit, which marts are built from"
    assert not names.intersection(looking_in)


def test_seeds_that_the_rules_check_has_judged(settings: Settings) -> None:
    judged = manifest.tests_of_seeds(settings, {"weights_sum"})
    assert judged
    assert all(name.startswith("weights_sum_") for name in judged)
    assert not set(judged) & set(manifest.tests_of_seeds(settings, {"not_null"}))


def all_tests(settings: Settings) -> list[str]:
    """Names of every data test."""
    nodes = json.loads(manifest.manifest_path(settings).read_text())["nodes"].values()
    return [node["name"] for node in nodes if node["resource_type"] == "test"]
