"""Which months wait, and for what."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from orchestration.contracts import Feed, all_feeds
from orchestration.errors import TelmartError
from orchestration.refresh.work import MartWork, Work, parse_month, waiting_months, waiting_notes
from orchestration.settings import Settings

pytestmark = pytest.mark.fast
JUNE, AUGUST, SEPTEMBER, OCTOBER = (date(2026, month, 1) for month in (6, 8, 9, 10))


@pytest.fixture(scope="module")
def feeds(graph_settings: Settings) -> dict[str, Feed]:
    found = all_feeds(graph_settings)
    return {name: found[name] for name in ("boss.recharge", "crm.subscriber", "hr.staff")}


def test_complete_months_do_not_wait(feeds: dict[str, Feed]) -> None:
    assert waiting_months(feeds, {name: {AUGUST, SEPTEMBER} for name in feeds}) == {}


def test_month_waits_for_what_is_missing(feeds: dict[str, Feed]) -> None:
    loaded = {name: {AUGUST, SEPTEMBER} for name in feeds} | {"boss.recharge": {AUGUST, OCTOBER}}
    loaded["crm.subscriber"] = {AUGUST, SEPTEMBER, OCTOBER}
    waiting = waiting_months(feeds, loaded)
    assert waiting == {SEPTEMBER: ["boss.recharge"], OCTOBER: ["hr.staff"]}
    work = Work([], {"retention": MartWork([], waiting=waiting, closed=[AUGUST])})
    closed = "2026-08 of retention is closed; what was loaded for it waits until"
    first, second, third = waiting_notes(work)
    assert first == "2026-09 of retention waits for boss.recharge"
    assert second == "2026-10 of retention waits for hr.staff"
    assert third.startswith(closed)


def test_months_before_a_feed_began_do_not_wait_for_it(feeds: dict[str, Feed]) -> None:
    loaded = {name: {AUGUST, SEPTEMBER} for name in feeds} | {"boss.recharge": {SEPTEMBER}}
    assert waiting_months(feeds, loaded) == {}


def test_feed_that_never_came_is_waited_for(feeds: dict[str, Feed]) -> None:
    """Switching it off in its contract says that it will not come."""
    loaded = {"crm.subscriber": {AUGUST}, "hr.staff": {AUGUST}}
    assert waiting_months(feeds, loaded) == {AUGUST: ["boss.recharge"]}
    off = {**feeds, "boss.recharge": dataclasses.replace(feeds["boss.recharge"], enabled=False)}
    assert waiting_months(off, loaded) == {}


def test_quarterly_feed_is_waited_for_at_the_end_of_a_quarter(feeds: dict[str, Feed]) -> None:
    quarterly = dataclasses.replace(feeds["hr.staff"], cadence="quarterly")
    others = {"crm.subscriber", "boss.recharge"}
    loaded = {name: {AUGUST, SEPTEMBER, OCTOBER} for name in others} | {"hr.staff": {JUNE}}
    assert waiting_months({**feeds, "hr.staff": quarterly}, loaded) == {SEPTEMBER: ["hr.staff"]}


def test_feed_without_periods_is_not_waited_for(feeds: dict[str, Feed]) -> None:
    whole = {**feeds, "hr.staff": dataclasses.replace(feeds["hr.staff"], period_kind="full")}
    loaded = {"crm.subscriber": {AUGUST}, "boss.recharge": {AUGUST}}
    assert waiting_months(whole, loaded) == {}


def test_full_refresh_only_when_no_month_waits() -> None:
    """dbt cannot rebuild a table without building the waiting month as well."""
    ready = MartWork([AUGUST], everything=True)
    waits = MartWork([AUGUST], everything=True, waiting={OCTOBER: ["x"]})
    settled = MartWork([])
    assert Work([AUGUST], {"a": ready, "b": settled}).full_refresh
    assert not Work([AUGUST], {"a": ready, "b": waits}).full_refresh
    assert not Work([], {"a": settled, "b": settled}).full_refresh
    lacking = MartWork([], everything=True, waiting={AUGUST: ["x"]})
    assert not Work([AUGUST], {"a": settled, "b": lacking}).everything, "b has nothing to publish"


@pytest.mark.parametrize("text", ["October", "2026-13", "2026-10-01", ""])
def test_month_is_written_like_2026_10(text: str) -> None:
    with pytest.raises(TelmartError, match="not a month"):
        parse_month(text)
    assert parse_month("2026-10") == OCTOBER
