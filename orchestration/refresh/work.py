"""What one refresh has to do: the months to build and the loads they come from.

A mart publishes a month when it is complete: every feed the mart is built from that has begun to
deliver has delivered it. Feeds arrive on different days; a month with bills but without its
subscribers is not wrong, it waits. Another mart, which needs no subscribers, does not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from orchestration.contracts import Feed, all_feeds
from orchestration.contracts.due import is_due_for
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.publication import needed_feeds, pending, published_marts
from orchestration.publication.closing import closed_months
from orchestration.publication.manifest import by_mart, feeds_by_mart
from orchestration.publication.pending import MartPending, reached
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
#: months among the given that a load is for which the mart, built from its feed, has not published
_HELD_BACK = """
    select distinct date_trunc('month', period_date)::date from ops.load as l
    where is_current and published_at is null and isfinite(period_date)
        and feed = any (%(feeds)s) and date_trunc('month', period_date)::date = any (%(months)s)
        and not exists (
            select from ops.publication as p where p.load_id = l.load_id and p.mart = %(mart)s
        )
    order by 1
"""
#: loads whose rows failed their checks, of feeds that hold up nobody: they stay unpublished, so
#: that what reads them is built as soon as they are put right
_SUSPECT = """
    select l.load_id from ops.load as l
    inner join ops.hold as h on h.feed = l.feed and h.period = l.period
    where l.is_current and h.resolved_at is null and h.check_name = %s
"""


@dataclass(frozen=True)
class MartWork:
    """What one mart publishes when the refresh ends well.

    Attributes:
        months: first days of the months to check and publish.
        everything: models or rules changed (or it was asked for): every month there is.
        load_ids: loads that it will have published.
        waiting: month to the feeds it still lacks.
        closed: closed months that something new was loaded for; they wait for a reason.
    """

    months: list[date]
    everything: bool = False
    load_ids: list[int] = field(default_factory=list)
    waiting: dict[date, list[str]] = field(default_factory=dict)
    closed: list[date] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """Noted before dbt begins and handed to publication at the end: what arrives in between is
    left for the next refresh.

    Attributes:
        months: first days of the months to build: those of the marts, and those of loads that no
            mart is built from.
        marts: what each mart publishes.
        beside: loads that no mart is built from; they are done when they are built.
        fingerprint: of the models.
        feeds: the feeds of all these loads; what none of them is above stays as it is.
    """

    months: list[date]
    marts: dict[str, MartWork] = field(default_factory=dict)
    beside: list[int] = field(default_factory=list)
    fingerprint: str = ""
    feeds: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether everything is built anew: for a mart that can be published, every month."""
        return any(mart.everything and mart.months for mart in self.marts.values())

    @property
    def full_refresh(self) -> bool:
        """Whether dbt may build its tables anew; with a waiting month only the others are."""
        return self.everything and not any(mart.waiting for mart in self.marts.values())


def note_work(
    settings: Settings, month: str | None = None, full: bool = False, reason: str = ""
) -> Work:
    """Read the ledger.

    Args:
        month: ``2026-10``: only this month and the later ones it reaches, pending or not.
        full: every month.
        reason: why closed months are restated; without one they stand as they are.
    """
    needed = feeds_by_mart(settings)
    with connect(settings) as warehouse:
        closed = {m: set() if reason else {*closed_months(warehouse, m)} for m in needed}
    found = pending(settings, closed)
    tables = by_mart(published_marts(settings))
    start = parse_month(month) if month else None
    with connect(settings) as warehouse:
        ledger = _Ledger(warehouse, found.load_ids)
        marts = {}
        for mart, feeds in needed.items():
            held_back = warehouse.execute(
                _HELD_BACK, {"mart": mart, "feeds": [*feeds], "months": [*closed[mart]]}
            ).fetchall()
            marts[mart] = _of_mart(
                ledger, mart, _contracts(settings, feeds), found.marts[mart],
                closed=closed[mart], held_back=[m for (m,) in held_back], start=start,
                reach=max(table.reach_months for table in tables[mart]), full=full,
            )  # fmt: skip
    beside = {
        load: of for load, of in found.beside.items()
        if load not in ledger.suspect and (start is None or of in {None, start})
    }  # fmt: skip
    complete = ledger.months(needed_feeds(settings)) - set().union(*closed.values())
    for work in marts.values():
        complete -= set(work.waiting)
    build = {m for work in marts.values() for m in work.months}
    build |= complete if None in beside.values() else complete & set(beside.values())
    loads = {*beside, *(i for work in marts.values() for i in work.load_ids)}
    return Work(
        months=sorted(build),
        marts=marts,
        beside=[load for load, of in beside.items() if of is None or of in build],
        fingerprint=found.fingerprint,
        feeds=frozenset(ledger.feed_of[i] for i in loads),
    )


class _Ledger:
    """What the ledger says of the months delivered and of the loads that wait."""

    def __init__(self, warehouse: psycopg.Connection[Any], load_ids: list[int]) -> None:
        self.loaded: dict[str, set[date]] = {}
        for feed, month in warehouse.execute(_MONTHS):
            self.loaded.setdefault(feed, set()).add(month)
        self.whole = {feed for (feed,) in warehouse.execute(_WHOLE)}
        self.suspect = {i for (i,) in warehouse.execute(_SUSPECT, [ARRIVAL])}
        self.month_of = dict(warehouse.execute(_LOADS, [load_ids]).fetchall())
        self.feed_of = dict(warehouse.execute(_FEEDS, [load_ids]).fetchall())
        row = warehouse.execute("select mart, stat_month from status.data_state").fetchall()
        self.published_to: dict[str, date | None] = dict(row)

    def months(self, feeds: Collection[str]) -> set[date]:
        """Months that some of ``feeds`` has delivered."""
        return {m for feed in feeds for m in self.loaded.get(feed, ())}


def _of_mart(
    ledger: _Ledger,
    mart: str,
    feeds: dict[str, Feed],
    found: MartPending,
    *,
    closed: set[date],
    held_back: list[date],
    start: date | None,
    reach: int,
    full: bool,
) -> MartWork:
    """The complete months of one mart among those that are pending or asked for."""
    loaded = {name: ledger.loaded[name] for name in feeds if name in ledger.loaded}
    waiting = waiting_months(feeds, loaded, ledger.published_to.get(mart))
    known = {m for months in loaded.values() for m in months}
    for name in ledger.whole & set(feeds):
        known |= covered_months(feeds[name])
    month_of = ledger.month_of
    loads = [i for i in found.load_ids if month_of.get(i) not in waiting]
    loads = [i for i in loads if i not in ledger.suspect]
    everything = full or found.months is None
    if everything:
        months = known
    elif start:
        months = reached({start}, known, reach) & known
        loads = [i for i in loads if month_of.get(i, start) == start]
    else:
        months = set(found.months or []) & known
    complete = sorted(months - set(waiting) - closed)
    return MartWork(complete, everything, loads, waiting, held_back)


def _contracts(settings: Settings, names: Collection[str]) -> dict[str, Feed]:
    return {name: feed for name, feed in all_feeds(settings).items() if name in names}


def waiting_months(
    feeds: dict[str, Feed], loaded: dict[str, set[date]], published_to: date | None = None
) -> dict[date, list[str]]:  # fmt: skip
    """Months that some feed has delivered and another, which had begun by then, has not.

    A quarterly feed is waited for in the last month of a quarter only.

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
            if begun and month not in there and is_due_for(feeds[name], month):
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
    """ "2026-11 of retention waits for crm.subscriber, hr.staff", a line per mart and month."""
    return [
        f"{month:%Y-%m} of {mart} waits for {', '.join(feeds)}"
        for mart, of in work.marts.items() for month, feeds in of.waiting.items()
    ] + [
        f"{month:%Y-%m} of {mart} is closed; what was loaded for it waits until somebody gives a"
        ' reason: telmart run --reason "…"'
        for mart, of in work.marts.items() for month in of.closed
    ]  # fmt: skip


def parse_month(text: str) -> date:
    """``2026-10`` as its first day."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise TelmartError(f"{text!r} is not a month.", "Write it like 2026-10.") from None
