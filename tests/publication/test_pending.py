"""What a run processes follows what changed: the ledger, the reach of models, the cohorts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from orchestration.publication import fingerprint, pending, publish
from orchestration.publication.pending import reached
from tests.conftest import scratch_settings
from tests.miniature import Miniature, write_manifest


def month(text: str) -> date:
    return date.fromisoformat(text + "-01")


def load(world: Miniature, period: str, feed: str = "boss.subscriber_bill") -> int:
    """A current load of this period, in place of the one before."""
    day = {4: f"{period}-01-01", 7: f"{period}-01"}.get(len(period), period)
    with world.owner() as owner:
        owner.execute(
            "update ops.load set is_current = false where feed = %s and period = %s",
            [feed, period],
        )
        row = owner.execute(
            "insert into ops.load (feed, period, period_date, state, is_current, contract_version)"
            " values (%s, %s, %s, 'loaded', true, '1') returning load_id",
            [feed, period, "-infinity" if period == "full" else day],
        ).fetchone()
    return int(row[0])


def months(world: Miniature, mart: str = "retention") -> list[date] | None:
    """What one mart has to publish."""
    return pending(world.settings).marts[mart].months


@pytest.fixture
def settled(world: Miniature) -> Iterator[Miniature]:
    """Twelve months loaded and published with today's models; nothing pending."""
    write_manifest(
        world.settings,
        feeds=("boss.subscriber_bill", "boss.daily", "hr.lookup"),
        others={"visits": ("crm.visit",)},
        reach_months=2,
    )
    ids = [load(world, f"2025-{n:02d}") for n in range(1, 13)]
    publish(world.settings, None, ids, fingerprint(world.settings), marts=["retention"])
    assert months(world) == []
    yield world
    with world.owner() as owner:
        owner.execute("truncate ops.load cascade; truncate ops.fingerprint")
        owner.execute("drop table if exists reference.retention_cohort")
    write_manifest(world.settings)


def test_nothing_loaded_yet_means_all_months(world: Miniature) -> None:
    assert months(world) is None and not pending(world.settings).is_empty


def test_a_late_month_reaches_the_months_that_look_back_at_it(settled: Miniature) -> None:
    load_id = load(settled, "2025-05")
    work = pending(settled.settings).marts["retention"]
    assert work.months == [month("2025-05"), month("2025-06"), month("2025-07")]
    assert work.load_ids == [load_id]


def test_the_newest_month_reaches_no_month_that_is_not_there(settled: Miniature) -> None:
    load(settled, "2026-01")
    load(settled, "2025-11-15", feed="boss.daily")
    assert months(settled) == [month(f"2025-{n}") for n in (11, 12)] + [month("2026-01")]


def test_published_loads_are_done(settled: Miniature) -> None:
    load_id = load(settled, "2025-12")
    publish(settled.settings, [month("2025-12")], [load_id], marts=["retention"])
    assert months(settled) == [] and pending(settled.settings).load_ids == []


def test_a_feed_without_periods_concerns_every_month(settled: Miniature) -> None:
    load(settled, "full", feed="hr.lookup")
    assert months(settled) is None


def test_a_baseline_month_concerns_every_month_its_cohort_is_tracked(settled: Miniature) -> None:
    with settled.owner() as owner:
        owner.execute(
            "create table reference.retention_cohort as select"
            " date '2025-03-01' as freeze_month, 3 as baseline_months, date '2025-10-01'"
            " as tracked_to"
        )
    load(settled, "2025-02")
    assert months(settled) == [month(f"2025-{n:02d}") for n in range(2, 11)]
    load_id = load(settled, "2025-02")
    publish(settled.settings, [], [load_id], marts=["retention"])
    load(settled, "2025-04")  # after the freeze: an ordinary month
    assert months(settled) == [month(f"2025-{n:02d}") for n in (4, 5, 6)]


def test_changed_models_concern_every_month(settled: Miniature) -> None:
    with settled.owner() as owner:
        owner.execute("update ops.fingerprint set value = 'of other models'")
    assert months(settled) is None


@pytest.mark.fast
def test_reached() -> None:
    known = {month(f"2025-{n:02d}") for n in range(1, 13)}
    assert reached({month("2025-11")}, known, 3) == {month("2025-11"), month("2025-12")}
    assert reached({month("2024-12")}, known, 1) == {month("2024-12"), month("2025-01")}
    assert reached(set(), known, 3) == set()
    assert reached({month("2025-06")}, known, 0) == {month("2025-06")}


@pytest.mark.fast
def test_fingerprint_follows_rules_and_models(tmp_path: Path) -> None:
    """An operator's own rule tables and staging count; names count; notes do not."""
    settings = replace(scratch_settings(tmp_path / "home"), operator=tmp_path / "operator")
    values = []

    def put(name: str, text: str) -> None:
        path = tmp_path / "operator" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        values.append(fingerprint(settings))

    put("dbt/staging/stg.sql", "select 1")
    put("dbt/staging/stg.sql", "select 2")
    put("reference/vad_threshold.csv", "a\n1\n")
    put("reference/vad_threshold.csv", "a\n2\n")
    assert len(set(values)) == 4
    put("dbt/staging/readme.md", "a note")
    assert values[-1] == values[-2]
    rules = tmp_path / "operator/reference"
    (rules / "vad_threshold.csv").rename(rules / "watch_rule.csv")
    assert fingerprint(settings) not in values
    assert fingerprint(replace(settings, operator=None)) not in values
