"""Which periods are to be pulled: due by the contract, and neither landed nor loaded yet."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestration.contracts import Feed, all_feeds, parse_period
from orchestration.engine.databases import connect
from orchestration.loader.landing import landing_folder
from orchestration.settings import Settings
from orchestration.sources.pulling import MARK

_LOADED = "select feed, period from ops.load where is_current"


def due_periods(settings: Settings, now: datetime | None = None) -> list[tuple[str, str]]:
    """Feed and period of everything that ``telmart run`` pulls, oldest first.

    A feed without periods is always among them: whether it changed only its source can tell.

    Args:
        now: local time of the installation; the present unless given.
    """
    feeds = [f for f in all_feeds(settings).values() if f.enabled and f.source is not None]
    if not feeds:
        return []
    now = now or datetime.now(ZoneInfo(settings.timezone)).replace(tzinfo=None)
    landing = landing_folder(settings)
    with connect(settings) as warehouse:
        loaded = set(warehouse.execute(_LOADED).fetchall())
    return sorted(
        (
            (feed.name, period)
            for feed in feeds
            for period in _due(feed, now)
            if feed.period_kind == "full"
            or (
                (feed.name, period) not in loaded
                and not (landing / feed.system / feed.entity / period / MARK).exists()
            )
        ),
        key=lambda found: (found[1], found[0]),
    )


def _due(feed: Feed, now: datetime) -> list[str]:
    """Periods from the contract's `from` to the latest one due; that one alone without it."""
    if feed.period_kind == "full":
        return ["full"]
    latest = now.date()
    while due_at(feed, _text(feed, latest)) > now:
        latest = _before(feed, latest)
    start = feed.source.start if feed.source else None
    last = _text(feed, latest)
    if start is None:
        return [last]
    found = []
    while _text(feed, latest) >= start:
        found.append(_text(feed, latest))
        latest = _before(feed, latest)
    return found[::-1]


def due_at(feed: Feed, period: str) -> datetime:
    """When the source is done with a period: the agreed day of the next month, or the next day, at
    the agreed time; the first day of the next month where no day is agreed."""
    last = parse_period(feed, period).last
    assert last is not None  # noqa: S101 - months and days have one
    day = last + timedelta(days=1)
    if feed.period_kind == "month" and feed.due_day is None:
        return datetime.combine(day, time())
    if feed.period_kind == "month" and feed.due_day:
        day += timedelta(days=feed.due_day - 1)
    return datetime.combine(day, time.fromisoformat(feed.due_time))


def _text(feed: Feed, day: date) -> str:
    return f"{day:%Y-%m}" if feed.period_kind == "month" else f"{day:%Y-%m-%d}"


def _before(feed: Feed, day: date) -> date:
    return (day.replace(day=1) if feed.period_kind == "month" else day) - timedelta(days=1)
