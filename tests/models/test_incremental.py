"""Processing the months that a change can reach gives what processing everything gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from orchestration.contracts.reading import read_contracts
from orchestration.engine.databases import connect
from orchestration.publication.fingerprint import fingerprint, note
from orchestration.publication.manifest import feeds_by_mart
from orchestration.publication.pending import pending
from orchestration.settings import Settings
from tests.models.warehouse import (
    CONTRACTS,
    MARTS,
    built_tables,
    dbt,
    differences,
    empty_warehouse,
    execute,
    fill,
    keep_copies,
    rows,
)

RUN = ("run", *MARTS)


@pytest.fixture(scope="module")
def history(installation: Settings) -> Iterator[Settings]:
    """18 months of 600 subscribers, built once in full; the ledger says all of it is published."""
    empty_warehouse(installation)
    fill(installation, subscribers=600, months=18)
    assert (
        dbt(installation, "build", *MARTS, "--full-refresh", "--exclude-resource-type", "unit_test")
        == {}
    )
    for feed in read_contracts(CONTRACTS).values():
        execute(
            installation,
            "insert into ops.load (feed, period, period_date, state, is_current,"
            " contract_version, published_at)"
            f" select '{feed.name}', to_char(m, 'YYYY-MM'), m::date, 'loaded', true, '1', now()"
            " from generate_series(timestamp '2025-05-01', timestamp '2026-10-01', '1 month') as m",
        )
    with connect(installation) as warehouse:
        for mart in feeds_by_mart(installation):
            note(warehouse, mart, fingerprint(installation))
    yield installation
    execute(installation, "delete from ops.load; delete from ops.fingerprint")


#: what a later version of one period changes in raw
CHANGES = {
    "a baseline month of both mid/high-end and a cohort": (
        "boss.subscriber_bill",
        "2025-11",
        "update raw.boss__subscriber_bill set billed_amt = billed_amt * 0.4"
        " where _period = '2025-11-01' and right(subscriber_id, 1) in ('1', '4', '7')",
    ),
    "who was on net, and where, when a cohort was frozen": (
        "crm.subscriber",
        "2026-06",
        "update raw.crm__subscriber set status = 'off_net', status_since = '2026-06-15'"
        " where _period = '2026-06-01' and right(subscriber_id, 1) = '3';"
        "update raw.crm__subscriber set area_id = 'A080', account_manager_id = null"
        " where _period = '2026-06-01' and right(subscriber_id, 1) = '6'",
    ),
    "a month that becomes empty": (
        "boss.subscriber_usage",
        "2026-02",
        "delete from raw.boss__subscriber_usage where _period = '2026-02-01'",
    ),
    "the latest month": (
        "boss.status_event",
        "2026-10",
        "delete from raw.boss__status_event where _period = '2026-10-01'",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_incremental_equals_full_refresh(history: Settings, name: str) -> None:
    feed, period, change = CHANGES[name]
    tables = built_tables(history)
    keep_copies(history, tables)
    execute(history, change)
    execute(
        history,
        f"update ops.load set published_at = null where feed = '{feed}' and period = '{period}'",
    )
    found = [mart.months for mart in pending(history).marts.values()]
    assert None not in found, "the change must name its months, not all of them"
    months = sorted({month for months in found for month in months or ()})
    assert months
    assert dbt(history, *RUN, months=months) == {}
    assert differences(history, tables), "the change must show"
    keep_copies(history, tables)
    assert dbt(history, *RUN, "--full-refresh") == {}
    assert differences(history, tables) == {}
    execute(history, "update ops.load set published_at = now()")


def test_the_changed_month_alone_would_not_do(history: Settings) -> None:
    """Otherwise the test above would prove nothing about the reach."""
    tables = built_tables(history)
    execute(
        history,
        "update raw.boss__subscriber_bill set billed_amt = billed_amt + 200"
        " where _period = '2026-05-01'",
    )
    assert dbt(history, *RUN, months=[date(2026, 5, 1)]) == {}
    keep_copies(history, tables)
    assert dbt(history, *RUN, "--full-refresh") == {}
    touched = {
        row[0]
        for row in rows(
            history,
            "select distinct stat_month from (table build.mart_retention__subscriber_month"
            " except table kept.build__mart_retention__subscriber_month) as d",
        )
    }
    assert touched == {date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)}
    late = rows(
        history,
        "select max(stat_month) from (table build.mart_retention__cohort_month"
        " except table kept.build__mart_retention__cohort_month) as d",
    )
    assert late == [(date(2026, 10, 1),)], "a cohort's tracked months follow its baseline"


def test_all_months_without_full_refresh(history: Settings) -> None:
    """No list of months means all of them, also for tables that exist already."""
    tables = built_tables(history)
    keep_copies(history, tables)
    execute(history, "delete from build.mart_retention__segment_month where is_mid_high")
    execute(
        history,
        "insert into core.dim_staff (stat_month, staff_id)"
        " values ('2020-01-01', 'a month that raw does not have')",
    )
    assert dbt(history, *RUN) == {}
    assert differences(history, tables) == {}


def test_a_month_must_be_a_first_day(history: Settings) -> None:
    failed = dbt(history, "run", "--select", "dim_staff", months=[date(2026, 5, 2)])
    assert "2026-05-02" in failed["dim_staff"]
    assert "first day of a month" in failed["dim_staff"]
