"""When each period of a feed is due, from the contract's period, cadence, dueDay and dueTime."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestration.contracts.feed import Feed

#: a quarter's figures come with its last month
_QUARTER_ENDS = {3, 6, 9, 12}


def due_at(feed: Feed, first: date, zone: str) -> datetime | None:
    """The instant by which the period that begins on ``first`` has to be there.

    None where nothing is agreed: a feed without periods, one that comes when something changed,
    one without a due day, and the months in between of a quarterly feed.
    """
    at = time.fromisoformat(feed.due_time)
    if feed.cadence == "on_change" or feed.period_kind == "full":
        return None
    if feed.period_kind == "day":
        return datetime.combine(first + timedelta(days=1), at, ZoneInfo(zone))
    if feed.due_day is None or not is_due_for(feed, first):
        return None
    following = _next(first, "month")
    last_day = calendar.monthrange(following.year, following.month)[1]
    day = following.replace(day=min(feed.due_day, last_day))
    return datetime.combine(day, at, ZoneInfo(zone))


def is_due_for(feed: Feed, first: date) -> bool:
    """Whether the month that begins on ``first`` has figures of its own in this feed."""
    return feed.cadence != "quarterly" or first.month in _QUARTER_ENDS


def periods_due(
    feed: Feed, since: date, now: datetime, zone: str
) -> Iterator[tuple[date, datetime]]:
    """First days of the periods from ``since`` on that were due before ``now``, oldest first."""
    first = since if feed.period_kind == "day" else since.replace(day=1)
    while first <= now.astimezone(ZoneInfo(zone)).date():
        due = due_at(feed, first, zone)
        if due is not None and due < now:
            yield first, due
        first = _next(first, feed.period_kind)


def period_text(feed: Feed, first: date) -> str:
    """As the landing area writes it: 2026-10, or 2026-10-15."""
    return f"{first:%Y-%m}" if feed.period_kind == "month" else first.isoformat()


def _next(first: date, kind: str) -> date:
    if kind == "day":
        return first + timedelta(days=1)
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)
