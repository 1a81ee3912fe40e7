"""What one refresh has to do: the months to build and the loads they come from.

A month is processed when it is complete: every feed that has begun to deliver has delivered it.
Feeds arrive on different days; a month with bills but without its subscribers is not wrong, it
waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from orchestration.contracts import Feed, all_feeds
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.publication import needed_feeds, pending, published_marts
from orchestration.publication.closing import closed_months
from orchestration.publication.pending import reached
from orchestration.settings import Settings

_MONTHS = """
    select feed, date_trunc('month', period_date)::date
    from ops.load where is_current and isfinite(period_date) group by 1, 2
"""
_WHOLE = "select feed from ops.load where is_current and not isfinite(period_date)"
_LOADS = """
    select load_id, date_trunc('month', period_date)::date from ops.load
    where load_id = any (%s) and isfinite(period_date)
"""
_FEEDS = "select load_id, feed from ops.load where load_id = any (%s)"
#: name of the check of what arrived, in holds
ARRIVAL = "arrival"
#: months among the given that a load not yet published is for
_HELD_BACK = """
    select distinct date_trunc('month', period_date)::date from ops.load
    where is_current and published_at is null and isfinite(period_date)
        and date_trunc('month', period_date)::date = any (%s) order by 1
"""
#: loads whose rows failed their checks, of feeds that hold up nobody: they stay unpublished, so
#: that what reads them is built as soon as they are put right
_SUSPECT = """
    select l.load_id from ops.load as l
    inner join ops.hold as h on h.feed = l.feed and h.period = l.period
    where l.is_current and h.resolved_at is null and h.check_name = %s
"""


@dataclass(frozen=True)
class Work:
    """Noted before dbt begins and handed to publication at the end: what arrives in between is
    left for the next refresh.

    Attributes:
        months: first days of the months to build, check and publish.
        everything: models or rules changed (or it was asked for): every month there is.
        load_ids: loads that are published when the refresh ends well.
        fingerprint: of the models.
        feeds: the feeds these loads are of; what none of them is above stays as it is.
        waiting: month to the feeds it still lacks.
        closed: closed months that something new was loaded for; they wait for a reason.
    """

    months: list[date]
    everything: bool
    load_ids: list[int]
    fingerprint: str
    feeds: frozenset[str] = frozenset()
    waiting: dict[date, list[str]] = field(default_factory=dict)
    closed: list[date] = field(default_factory=list)

    @property
    def full_refresh(self) -> bool:
        """Whether dbt may build its tables anew; with a waiting month only the others are."""
        return self.everything and not self.waiting


def note_work(
    settings: Settings, month: str | None = None, full: bool = False, reason: str = ""
) -> Work:
    """Read the ledger.

    Args:
        month: ``2026-10``: only this month and the later ones it reaches, pending or not.
        full: every month.
        reason: why closed months are restated; without one they stand as they are.
    """
    with connect(settings) as warehouse:
        closed = {} if reason else closed_months(warehouse)
        suspect = {i for (i,) in warehouse.execute(_SUSPECT, [ARRIVAL])}
        held_back = [m for (m,) in warehouse.execute(_HELD_BACK, [list(closed)])]
    found = pending(settings, closed)
    with connect(settings) as warehouse:
        # what no published table is built from neither makes a month nor keeps one waiting
        needed = needed_feeds(settings)
        feeds = {name: feed for name, feed in all_feeds(settings).items() if name in needed}
        loaded = {name: there for name, there in _loaded(warehouse).items() if name in needed}
        published = warehouse.execute("select max(stat_month) from status.data_state").fetchone()
        waiting = waiting_months(feeds, loaded, published[0] if published else None)
        known = {m for months in loaded.values() for m in months}
        for (feed,) in warehouse.execute(_WHOLE):
            known |= covered_months(feeds[feed]) if feed in feeds else set()
        month_of = dict(warehouse.execute(_LOADS, [found.load_ids]).fetchall())
        feed_of = dict(warehouse.execute(_FEEDS, [found.load_ids]).fetchall())
    everything = full or found.months is None
    load_ids = [i for i in found.load_ids if month_of.get(i) not in waiting and i not in suspect]
    if everything:
        months = known
    elif month:
        start = parse_month(month)
        reach = max(table.reach_months for table in published_marts(settings))
        months = reached({start}, known, reach) & known
        load_ids = [i for i in load_ids if month_of.get(i, start) == start]
    else:
        months = set(found.months or []) & known
    return Work(
        months=sorted(months - set(waiting) - set(closed)),
        everything=everything,
        load_ids=load_ids,
        fingerprint=found.fingerprint,
        feeds=frozenset(feed_of[i] for i in load_ids),
        waiting=waiting,
        closed=held_back,
    )


def waiting_months(
    feeds: dict[str, Feed], loaded: dict[str, set[date]], published_to: date | None = None
) -> dict[date, list[str]]:  # fmt: skip
    """Months that some feed has delivered and another, which had begun by then, has not.

    Args:
        feeds: all contracts; feeds without periods and those switched off do not count.
        loaded: months delivered, by feed.
        published_to: latest month people see. A feed that never delivered (its contract is new)
            is not waited for up to there.
    """
    expected = [f.name for f in feeds.values() if f.enabled and f.period_kind != "full"]
    known = {month for name in expected for month in loaded.get(name, ())}
    found: dict[date, list[str]] = {}
    for month in sorted(known):
        for name in expected:
            there = loaded.get(name, set())
            begun = month > min(there) if there else month > (published_to or date.min)
            if begun and month not in there:
                found.setdefault(month, []).append(name)
    return found


def covered_months(feed: Feed) -> set[date]:
    """Months a feed without periods speaks of, where its contract says so (``covers``)."""
    if feed.covers is None:
        return set()
    first, last = (parse_month(month) for month in feed.covers)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return {
        date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1)
        for i in range(count)
    }


def waiting_notes(work: Work) -> list[str]:
    """ "2026-11 waits for crm.subscriber, hr.staff", a line per month."""
    lacking = [
        f"{month:%Y-%m} waits for {', '.join(feeds)}" for month, feeds in work.waiting.items()
    ]
    return lacking + [
        f"{month:%Y-%m} is closed; what was loaded for it waits until somebody gives a reason:"
        ' telmart run --reason "…"'
        for month in work.closed
    ]


def parse_month(text: str) -> date:
    """``2026-10`` as its first day."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise TelmartError(f"{text!r} is not a month.", "Write it like 2026-10.") from None


def _loaded(warehouse: psycopg.Connection[Any]) -> dict[str, set[date]]:
    loaded: dict[str, set[date]] = {}
    for feed, month in warehouse.execute(_MONTHS):
        loaded.setdefault(feed, set()).add(month)
    return loaded
