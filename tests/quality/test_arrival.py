"""Which periods are tested before dbt runs, and against which feeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from orchestration.contracts import all_feeds
from orchestration.engine.databases import connect
from orchestration.loader import ensure_parents
from orchestration.quality.arrival import REPEATED, Window, orphans_query, window
from orchestration.quality.suites import arrival_suites
from orchestration.settings import Settings

BILL, SUBSCRIBER = "boss.subscriber_bill", "crm.subscriber"


@pytest.fixture
def ledger(scratch: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose ledger entries are gone after the test."""
    with connect(scratch) as connection:
        connection.execute("update ops.load set is_current = false")
        yield connection
        connection.rollback()


def loaded(
    ledger: psycopg.Connection[Any], feed: str, month: str, *, published: bool, current: bool = True
) -> int:
    row = ledger.execute(
        "insert into ops.load (feed, period, period_date, state, is_current, contract_version,"
        " published_at) values (%s, %s, %s, 'loaded', %s, '1.0.0', %s) returning load_id",
        [feed, month, f"{month}-01", current, "2026-11-01" if published else None],
    ).fetchone()
    assert row is not None
    return int(row[0])


def found(ledger: psycopg.Connection[Any], settings: Settings, feed: str) -> Window:
    return window(ledger, all_feeds(settings)[feed], arrival_suites(settings)[feed])


def test_what_is_not_published_is_tested(
    ledger: psycopg.Connection[Any], scratch: Settings
) -> None:
    loaded(ledger, BILL, "2026-08", published=True)
    loaded(ledger, BILL, "2026-09", published=False, current=False)
    load = loaded(ledger, BILL, "2026-09", published=False)
    tested = found(ledger, scratch, BILL)
    assert tested.pending == {"2026-09-01": "2026-09"}
    assert tested.touched == {}
    assert tested.loads == {"2026-09-01": load}


def test_published_month_is_tested_again_when_a_feed_it_refers_to_changes(
    ledger: psycopg.Connection[Any], scratch: Settings
) -> None:
    """A new snapshot may have lost subscribers whose bills were published long ago."""
    loaded(ledger, BILL, "2026-07", published=True)
    loaded(ledger, BILL, "2026-08", published=True)
    loaded(ledger, SUBSCRIBER, "2026-07", published=True)
    loaded(ledger, SUBSCRIBER, "2026-08", published=False)
    tested = found(ledger, scratch, BILL)
    assert tested.pending == {}
    assert tested.touched == {"2026-08-01": "2026-08"}
    assert found(ledger, scratch, SUBSCRIBER).pending == {"2026-08-01": "2026-08"}


def test_nothing_new_nothing_tested(ledger: psycopg.Connection[Any], scratch: Settings) -> None:
    loaded(ledger, BILL, "2026-08", published=True)
    assert found(ledger, scratch, BILL).periods == {}


def test_the_same_files_for_two_months_are_noticed(
    ledger: psycopg.Connection[Any], scratch: Settings
) -> None:
    """Byte for byte, in the loads that are current; another extract of the month is none."""
    files = '[{"name": "a.csv", "sha256": "%s"}]'
    loads = {}
    for month, digest in (("2026-07", "aa"), ("2026-08", "bb"), ("2026-09", "aa")):
        loads[month] = loaded(ledger, BILL, month, published=False)
        ledger.execute(
            "update ops.load set files = %s where load_id = %s", [files % digest, loads[month]]
        )
    loaded(ledger, SUBSCRIBER, "2026-09", published=False)
    repeated = dict(ledger.execute(REPEATED, [list(loads.values())]).fetchall())
    assert repeated == {"2026-07": 1, "2026-08": 0, "2026-09": 1}


def test_orphans_are_found_by_one_join(ledger: psycopg.Connection[Any], scratch: Settings) -> None:
    """However little memory there is: looking up each of a city's rows would take days."""
    ensure_parents(scratch)
    feeds, suite = all_feeds(scratch), arrival_suites(scratch)[BILL]
    (reference,) = [r for r in suite.references if r.feed == SUBSCRIBER]
    for table, column, values in (
        ("boss__subscriber_bill", "subscriber_id", ("S1", "S2", "S9", None)),
        ("crm__subscriber", "subscriber_id", ("S1", "S2", "S3")),
    ):
        ledger.execute(f"create table raw.{table}__orphans partition of raw.{table}"
                       " for values in ('1999-01-01')")  # fmt: skip
        for value in values:
            ledger.execute(
                f"insert into raw.{table} ({column}, _period, _load_id) values (%s, %s, 0)",
                [value, "1999-01-01"],
            )
    query = orphans_query(feeds[BILL], feeds[SUBSCRIBER], reference, ["1999-01-01"])
    assert ledger.execute(query).fetchall() == [("1999-01-01", 1)]
    ledger.execute("set local work_mem = '64kB'")
    plan = "\n".join(row[0] for row in ledger.execute(b"explain " + query.as_bytes(ledger)))
    assert "Anti Join" in plan and "SubPlan" not in plan


def test_lists_that_stay_as_they_are_may_repeat(scratch: Settings) -> None:
    suites = arrival_suites(scratch)
    rule = "not_another_periods_files"
    assert rule in {r.id for r in suites[SUBSCRIBER].rules if r.severity == "critical"}
    assert all_feeds(scratch)["hr.org_unit"].may_repeat
    assert rule not in {r.id for r in suites["hr.org_unit"].rules}
