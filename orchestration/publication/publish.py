"""One transaction from ``build`` to what people read."""

from __future__ import annotations

import getpass
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql

from orchestration.access import expand_scopes, protect, require_protected
from orchestration.access.groups import ensure_groups
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.publication import copying
from orchestration.publication.closing import closed_months, restate, stamp
from orchestration.publication.fingerprint import note
from orchestration.publication.holds import open_holds, refresh_state
from orchestration.publication.ledger import note_published
from orchestration.publication.manifest import PublishedTable, by_mart, published_marts
from orchestration.publication.restating import note_restated, seen_months
from orchestration.settings import Settings

#: how long a table whose columns changed waits for its readers
LOCK_TIMEOUT = "30s"
_ATTEMPTS = 3


@dataclass
class PublishResult:
    """What people can now read.

    Attributes:
        months: months copied, over all tables.
        rows: rows copied, by served table.
        published_at: the instant written into the state and the ledger.
        seconds: how long the transaction took.
    """

    months: list[date]
    rows: dict[str, int] = field(default_factory=dict)
    published_at: datetime | None = None
    seconds: float = 0.0


def publish(
    settings: Settings,
    months: Sequence[date] | None = None,
    load_ids: Sequence[int] = (),
    fingerprint: str | None = None,
    *,
    marts: Collection[str] | None = None,
    reason: str = "",
    rebuilt: bool = False,
) -> PublishResult:
    """Copy checked months of marts from ``build`` to the served schemas, all or nothing.

    Args:
        months: first days of the months to copy; None for all. Months that ``build`` no longer
            has disappear in any case.
        load_ids: loads to be marked as published in the same transaction.
        fingerprint: of the models, to be remembered when all months were copied.
        marts: which; None for all there are.
        rebuilt: whether the months were built anew because models or rules changed, or on request.
        reason: why months that people have seen are changed; found in the ledger if not given. A
            closed month is changed only with one, and keeps its earlier version.

    Raises:
        TelmartError: a hold on one of them is open; a table is missing or cannot be guarded;
            readers did not let go of a table whose columns changed.
    """
    tables = [t for t in published_marts(settings) if marts is None or t.mart in marts]
    began = time.monotonic()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with connect(settings) as warehouse:
                seen = {m: seen_months(warehouse, own) for m, own in by_mart(tables).items()}
                result = _publish(warehouse, settings, tables, months, reason)
                for mart, months_seen in seen.items():
                    note_restated(
                        warehouse, mart, seen=months_seen, copied=result.months, load_ids=load_ids,
                        everything=rebuilt, given=reason, at=result.published_at,
                    )  # fmt: skip
                    if fingerprint is not None and months is None:
                        note(warehouse, mart, fingerprint)
                # in the transaction of the rows: what a kill leaves undone stays pending
                note_published(warehouse, settings, load_ids, list(seen), result.published_at)
                warehouse.commit()
            break
        except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable) as error:
            if attempt == _ATTEMPTS:
                raise TelmartError(
                    "A published table whose columns changed is being read without a pause, so it"
                    f" could not be replaced: {error.diag.message_primary}.",
                    "Nothing was published. Run again at a quieter time: telmart run.",
                ) from error
    result.seconds = time.monotonic() - began
    _tidy(settings, tables)
    return result


def _publish(
    warehouse: psycopg.Connection[Any],
    settings: Settings,
    tables: list[PublishedTable],
    months: Sequence[date] | None,
    reason: str,
) -> PublishResult:
    warehouse.execute("select pg_advisory_xact_lock(hashtext('telmart.publish'))")
    # `apply` writes scopes and policies too; one of the two at a time
    warehouse.execute("select pg_advisory_xact_lock(hashtext('telmart.access'))")
    warehouse.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
    ensure_groups(warehouse)
    marts = by_mart(tables)
    holds = [hold for hold in open_holds(warehouse) if any(hold.stops(mart) for mart in marts)]
    if holds:
        raise TelmartError(
            "Publication is on hold: " + "; ".join(h.reason_en for h in holds),
            "Load corrected data, or see `telmart status`; the hold lifts itself when the same"
            " check passes.",
        )
    closed = {mart: set(closed_months(warehouse, mart)) for mart in marts}
    frozen = {mart: set(found) for mart, found in closed.items()}
    if reason:
        for mart, own in marts.items():
            again = closed[mart] if months is None else closed[mart] & set(months)
            restate(warehouse, own, again, reason, getpass.getuser())
            frozen[mart] -= again
    copied: set[date] = set()
    rows: dict[str, int] = {}
    replaced: list[PublishedTable] = []
    for table in tables:
        done, is_new = copying.fill(warehouse, table, months, frozen[table.mart])
        rows[table.served] = sum(done.values())
        copied |= set(done)
        if is_new:
            replaced.append(table)
    copying.swap(warehouse, replaced)
    for mart, own in marts.items():
        stamp(warehouse, own, closed[mart])
    copying.drop_retired(warehouse, published_marts(settings))
    for table in tables:
        protect(warehouse, table.mart, table.table)  # mends what somebody changed by hand
        copying.describe(warehouse, table)
    expand_scopes(warehouse, settings.timezone)
    now = _write_state(warehouse, settings, tables)
    require_protected(warehouse, set(marts))
    return PublishResult(sorted(copied), rows, now)


def _write_state(
    warehouse: psycopg.Connection[Any],
    settings: Settings,
    tables: list[PublishedTable],
) -> datetime:
    """The state of each mart, in the transaction of its rows."""
    row = warehouse.execute("select now()").fetchone()
    now: datetime = row[0] if row else datetime.now().astimezone()
    for mart, own in by_mart(tables).items():
        latest = [_latest(warehouse, table) for table in own]
        warehouse.execute(
            "insert into status.data_state as s"
            " (mart, mart_name, mart_name_en, stat_month, cut_off_at, published_at)"
            " values (%(mart)s, %(mart)s, %(mart)s, %(month)s,"
            # the last second of the month, as the business reads a calendar
            " (%(month)s::date + interval '1 month' - interval '1 second') at time zone %(zone)s,"
            " %(now)s) on conflict (mart) do update set stat_month = excluded.stat_month,"
            " cut_off_at = excluded.cut_off_at, published_at = excluded.published_at",
            {
                "mart": mart,
                "month": max(filter(None, latest), default=None),
                "zone": settings.timezone,
                "now": now,
            },
        )
    refresh_state(warehouse)
    return now


def _latest(warehouse: psycopg.Connection[Any], table: PublishedTable) -> date | None:
    query = sql.SQL("select max(stat_month) from {}").format(
        sql.Identifier(table.mart, table.table)
    )
    row = warehouse.execute(query).fetchone()
    return row[0] if row else None


def _tidy(settings: Settings, tables: list[PublishedTable]) -> None:
    """Free the rows just replaced, and tell the planner how large the tables are."""
    with connect(settings, autocommit=True) as warehouse:
        for table in tables:
            warehouse.execute(
                sql.SQL("vacuum (analyze, skip_locked) {}").format(
                    sql.Identifier(table.mart, table.table)
                )
            )
