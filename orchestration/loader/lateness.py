"""Which feeds are late: due by their contract, and not loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.contracts import Feed, all_feeds
from orchestration.contracts.due import period_text, periods_due
from orchestration.engine.databases import connect
from orchestration.settings import Settings

_LOADED = """
    select feed, array_agg(period_date) from ops.load
    where is_current and isfinite(period_date) group by 1
"""


@dataclass(frozen=True)
class Late:
    """A feed of which something is missing though it was due.

    Attributes:
        since: when the oldest missing period was due.
        periods: all that are missing and due, oldest first.
        owner: whom to call.
    """

    feed: str
    name_zh: str
    since: datetime
    periods: tuple[str, ...]
    owner: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**vars(self), "since": self.since.isoformat(), "periods": list(self.periods)}


def late_feeds(settings: Settings, now: datetime | None = None) -> list[Late]:
    """Every feed that is on and late, the longest waiting first.

    A feed counts from its first period; one that never came, for what was due last, once others
    have begun to come.

    Args:
        now: the instant to judge by; by default the clock, but see ``judged_at``.
    """
    feeds = {name: f for name, f in all_feeds(settings).items() if f.enabled}
    with connect(settings) as warehouse:
        loaded = {feed: set(days) for feed, days in warehouse.execute(_LOADED)}
    return missing(feeds, loaded, now or judged_at(settings), settings.timezone)


def missing(
    feeds: Mapping[str, Feed], loaded: Mapping[str, set[date]], now: datetime, zone: str
) -> list[Late]:
    """The same without a database.

    Args:
        loaded: first days of the periods that are there, by feed.
    """
    if not loaded:
        return []  # nothing has begun
    begun = min(min(days) for days in loaded.values())
    found = []
    for name, feed in feeds.items():
        there = loaded.get(name, set())
        due = list(periods_due(feed, min(there, default=begun), now, zone))
        gaps = [(first, at) for first, at in (due if there else due[-1:]) if first not in there]
        if gaps:
            texts = tuple(period_text(feed, first) for first, _ in gaps)
            found.append(Late(name, feed.name_zh, gaps[0][1], texts, feed.owner))
    return sorted(found, key=lambda late: (late.since, late.feed))


def judged_at(settings: Settings) -> datetime:
    """The instant lateness is judged by: now.

    The sample operator's time stands still: nothing comes after its last month, so it is looked at
    as of the end of the month after that, however much later somebody looks.
    """
    now = datetime.now(ZoneInfo(settings.timezone))
    if not is_sample(settings):
        return now
    from orchestration.sample.calendar import LAST_MONTH  # noqa: PLC0415

    after = (LAST_MONTH + timedelta(days=64)).replace(day=1)  # when the month after it ends
    return min(now, datetime(after.year, after.month, 1, tzinfo=now.tzinfo))


def is_sample(settings: Settings) -> bool:
    """Whether the landing area is that of ``telmart demo``."""
    own = settings.operator is None and settings.landing == str(settings.home / "landing")
    return own and (settings.home / "sample_truth.json").exists()
