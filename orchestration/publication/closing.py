"""Closing months: from then on their published rows stand, and are restated only with a reason.

A month is closed for each mart that has published it. Its version is 1 then and one more with each
restatement; every served row carries it (``close_version``; empty: the month is open). What a
restatement replaces is kept in ``archive``, a table per served table, month and version, for
engineers to compare with.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql

from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.publication.holds import open_holds
from orchestration.publication.manifest import PublishedTable, by_mart, published_marts
from orchestration.publication.restating import seen_months
from orchestration.settings import Settings

#: the column that publication adds to what dbt built
VERSION = "close_version"
VERSION_COMMENT = (
    "Version of the month's close; empty while the month is open. 月结版本，未关账为空。"
)
_CURRENT = """
    select stat_month, close_version from status.month_close where is_current and mart = %s
"""
_CLOSE = """
    insert into status.month_close (mart, stat_month, close_version, closed_at, closed_by, reason)
    values (%s, %s, %s, now(), %s, %s)
"""


def closed_months(warehouse: psycopg.Connection[Any], mart: str) -> dict[date, int]:
    """The closed months of a mart and the version people read of each."""
    return dict(warehouse.execute(_CURRENT, [mart]).fetchall())


def close_months(settings: Settings, last: date, by: str) -> list[date]:
    """Close every published month up to ``last`` that is still open, of all marts or of none.

    A month that a mart has not published yet stays open for it.

    Returns:
        The months closed now, oldest first; none when all were closed before.

    Raises:
        TelmartError: no mart has published ``last``, what would be closed is on hold, or a table
            was published before there were closes.
    """
    marts = by_mart(published_marts(settings))
    with connect(settings) as warehouse:
        warehouse.execute("select pg_advisory_xact_lock(hashtext('telmart.publish'))")
        published = {mart: seen_months(warehouse, tables) for mart, tables in marts.items()}
        seen = set().union(*published.values())
        if last not in seen:
            latest = max(seen, default=None)
            raise TelmartError(
                f"{last:%Y-%m} is not published, so there is nothing to close.",
                f"The latest published month is {latest:%Y-%m}." if latest
                else "Publish it first: telmart run.",
            )  # fmt: skip
        held = [
            h for h in open_holds(warehouse) if h.blocks and (h.period or "") <= f"{last:%Y-%m}"
        ]
        if held:
            raise TelmartError(
                f"{last:%Y-%m} cannot be closed: {held[0].reason_en.rstrip('.')}.",
                "Put it right and run again: telmart run.",
            )
        closed: set[date] = set()
        for mart, tables in marts.items():
            known = closed_months(warehouse, mart)
            months = sorted(m for m in published[mart] if m <= last and m not in known)
            if months:
                _require_version(warehouse, tables)
            for month in months:
                warehouse.execute(_CLOSE, [mart, month, 1, by, None])
            stamp(warehouse, tables, months)
            closed.update(months)
        warehouse.commit()
    return sorted(closed)


def restate(
    warehouse: psycopg.Connection[Any],
    tables: Sequence[PublishedTable],
    months: Collection[date],
    reason: str,
    by: str,
) -> None:
    """Keep what ``months`` say now, and give each its next version. The caller commits.

    Args:
        tables: those of one mart.
        months: closed months whose rows the caller is about to replace.
        reason: why, in somebody's words.
    """
    [mart] = {table.mart for table in tables}
    versions = closed_months(warehouse, mart)
    for month in sorted(months):
        for table in tables:
            _keep(warehouse, table, month, versions[month])
        warehouse.execute(
            "update status.month_close set is_current = false where mart = %s and stat_month = %s",
            [mart, month],
        )
        warehouse.execute(_CLOSE, [mart, month, versions[month] + 1, by, reason])


def stamp(
    warehouse: psycopg.Connection[Any],
    tables: Sequence[PublishedTable],
    months: Collection[date],
) -> None:
    """Make the served rows of ``months`` say their version."""
    if not months:
        return
    for table in tables:
        warehouse.execute(
            sql.SQL(
                "update {} as t set {v} = c.close_version from status.month_close as c"
                " where c.is_current and c.mart = {mart} and c.stat_month = t.stat_month"
                " and t.stat_month = any(%s)"
                " and t.{v} is distinct from c.close_version"
            ).format(
                sql.Identifier(table.mart, table.table),
                v=sql.Identifier(VERSION),
                mart=sql.Literal(table.mart),
            ),
            [sorted(months)],
        )


def _require_version(warehouse: psycopg.Connection[Any], tables: Sequence[PublishedTable]) -> None:
    for table in tables:
        found = warehouse.execute(
            "select from pg_attribute where attrelid = to_regclass(%s) and attname = %s",
            [table.served, VERSION],
        ).fetchone()
        if found is None:
            raise TelmartError(
                f"{table.served} was published by a version of telmart without closes.",
                "Publish it again, then close: telmart run --full.",
            )


def archive_name(table: PublishedTable, month: date, version: int) -> str:
    """Name of the table in ``archive`` that keeps one version of one month."""
    return f"{table.table}__{month:%Y%m}_v{version}"


def _keep(
    warehouse: psycopg.Connection[Any],
    table: PublishedTable,
    month: date,
    version: int,
) -> None:
    there = warehouse.execute("select to_regclass(%s)", [table.served]).fetchone()
    if not (there and there[0]):
        return  # a mart that is new has no earlier version
    warehouse.execute(
        sql.SQL("create table {} as select * from {} where stat_month = {}").format(
            sql.Identifier("archive", archive_name(table, month, version)),
            sql.Identifier(table.mart, table.table),
            sql.Literal(month),
        )
    )


def list_closes(settings: Settings) -> list[tuple[str, date, int, datetime, str, str | None]]:
    """Every close and restatement: mart, month, version, when, by whom, why; latest month first."""
    with connect(settings) as warehouse:
        return warehouse.execute(
            "select mart, stat_month, close_version, closed_at, closed_by, reason"
            " from status.month_close order by stat_month desc, mart, close_version desc"
        ).fetchall()
