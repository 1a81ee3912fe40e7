"""When a period is due, and which feeds are late."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestration.contracts import Feed, all_feeds
from orchestration.contracts.due import due_at, period_text
from orchestration.loader.lateness import judged_at, missing
from tests.conftest import scratch_settings

pytestmark = pytest.mark.fast
ZONE = "Asia/Shanghai"
AUGUST, SEPTEMBER, OCTOBER = (date(2026, month, 1) for month in (8, 9, 10))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


@pytest.fixture(scope="module")
def feed() -> Feed:
    found = all_feeds(scratch_settings(Path("/nowhere")))["boss.recharge"]
    return dataclasses.replace(
        found, cadence="monthly", due_day=3, due_time="08:30", owner="Billing"
    )


def test_month_is_due_in_the_next(feed: Feed) -> None:
    assert due_at(feed, OCTOBER, ZONE) == at("2026-11-03T08:30")
    assert due_at(feed, date(2026, 12, 1), ZONE) == at("2027-01-03T08:30")
    elsewhere = due_at(feed, OCTOBER, "Europe/Berlin")
    assert elsewhere is not None
    assert (elsewhere - at("2026-11-03T08:30")).total_seconds() == 7 * 3600


def test_due_day_beyond_a_short_month_is_its_last(feed: Feed) -> None:
    late = dataclasses.replace(feed, due_day=31)
    assert due_at(late, date(2027, 1, 1), ZONE) == at("2027-02-28T08:30")


def test_day_is_due_on_the_next(feed: Feed) -> None:
    daily = dataclasses.replace(feed, period_kind="day")
    assert due_at(daily, date(2026, 10, 31), ZONE) == at("2026-11-01T08:30")
    assert period_text(daily, date(2026, 10, 31)) == "2026-10-31"


def test_quarter_comes_with_its_last_month(feed: Feed) -> None:
    quarterly = dataclasses.replace(feed, cadence="quarterly")
    assert due_at(quarterly, AUGUST, ZONE) is None
    assert due_at(quarterly, SEPTEMBER, ZONE) == at("2026-10-03T08:30")


@pytest.mark.parametrize(
    "change", [{"cadence": "on_change"}, {"due_day": None}, {"period_kind": "full"}]
)
def test_where_nothing_is_agreed_nothing_is_due(feed: Feed, change: dict[str, object]) -> None:
    assert due_at(dataclasses.replace(feed, **change), OCTOBER, ZONE) is None  # type: ignore[arg-type]


def test_late_from_the_minute_it_was_due(feed: Feed) -> None:
    feeds, there = {feed.name: feed}, {feed.name: {AUGUST, SEPTEMBER}}
    assert missing(feeds, there, at("2026-11-03T08:29"), ZONE) == []
    (late,) = missing(feeds, there, at("2026-11-03T08:31"), ZONE)
    assert (late.feed, late.periods, late.owner) == (feed.name, ("2026-10",), "Billing")
    assert late.since == at("2026-11-03T08:30")
    assert late.as_dict()["since"] == "2026-11-03T08:30:00+08:00"


def test_gap_in_the_middle_is_late_and_the_oldest_counts(feed: Feed) -> None:
    (late,) = missing({feed.name: feed}, {feed.name: {AUGUST}}, at("2026-11-20T00:00"), ZONE)
    assert late.periods == ("2026-09", "2026-10")
    assert late.since == at("2026-10-03T08:30")


def test_feed_that_never_came_is_late_once_others_have_begun(feed: Feed) -> None:
    other = dataclasses.replace(feed, name="crm.subscriber")
    feeds, now = {feed.name: feed, other.name: other}, at("2026-11-05T00:00")
    assert missing(feeds, {}, now, ZONE) == [], "a new installation is not late with everything"
    (late,) = missing(feeds, {other.name: {AUGUST, SEPTEMBER, OCTOBER}}, now, ZONE)
    assert (late.feed, late.periods) == (feed.name, ("2026-10",))


def test_the_sample_stands_still_and_is_never_late(tmp_path: Path) -> None:
    """Looked at years later, the demo is not late with all that its operator never sent."""
    settings = scratch_settings(tmp_path)
    feeds = {n: f for n, f in all_feeds(settings).items() if f.enabled}
    there = {name: {AUGUST, SEPTEMBER, OCTOBER} for name in feeds}
    assert missing(feeds, there, at("2030-01-01T00:00"), ZONE)
    (tmp_path / "sample_truth.json").write_text("{}")
    assert judged_at(settings) <= at("2026-12-01T00:00")
    assert missing(feeds, there, at("2026-12-01T00:00"), ZONE) == []
    own = dataclasses.replace(settings, landing=str(tmp_path / "elsewhere"))
    assert judged_at(own).year >= 2026
    assert abs((judged_at(own) - datetime.now(ZoneInfo(ZONE))).total_seconds()) < 60
