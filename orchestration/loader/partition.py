"""The raw tables: one per feed, one partition per period, replaced whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, errors, sql

from orchestration.contracts import Column, Feed, Period, all_feeds
from orchestration.contracts.derive import comments_ddl, parent_table_ddl, table_comment
from orchestration.contracts.widening import same_type, widens
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.loader.drift import EXTRA, Drift
from orchestration.loader.widening import widen_columns
from orchestration.settings import Settings

#: how long the swap may wait for a query that is reading the table
SWAP_TIMEOUT = "60s"
LINE = "_line"


def ensure_parent(connection: Connection[Any], feed: Feed) -> list[Drift]:
    """Make the feed's raw table, or bring it to this version of the contract. Commits.

    Columns a newer contract adds are added, empty for older periods; columns it no longer has
    stay, empty for newer ones. A column whose type became wider is widened, in all periods. An
    earlier version is served by the table as it is.

    Returns:
        The columns that were widened.

    Raises:
        TelmartError: a column's type has changed otherwise, or a query held the table too long.
    """
    connection.execute("select pg_advisory_xact_lock(hashtext('telmart.raw:' || %s))", [feed.table])
    connection.execute("set local client_min_messages = warning")
    connection.execute("select set_config('lock_timeout', %s, true)", [SWAP_TIMEOUT])
    try:
        widened = _bring_to(connection, feed)
    except errors.LockNotAvailable as error:
        connection.rollback()
        raise TelmartError(
            f"raw.{feed.table} was being read for more than {SWAP_TIMEOUT}, so that it could not"
            f" be changed as {feed.path.name} says.",
            "Wait for the query to end (`telmart psql`, pg_stat_activity) and load again.",
        ) from error
    except TelmartError:
        connection.rollback()
        raise
    _comment(connection, feed)
    connection.commit()
    return widened


def _bring_to(connection: Connection[Any], feed: Feed) -> list[Drift]:
    """Make or change the raw table; returns the columns that were widened."""
    connection.execute(parent_table_ddl(feed))
    have = columns_of(connection, _parent(feed))
    wider: dict[str, str] = {}
    for column in feed.columns:
        old = have.get(column.name)
        if old is None:
            _alter(connection, feed, "add column {} {}", column.name, column.sql_type)
        elif widens(old, column.sql_type):
            wider[column.name] = column.sql_type
        elif not same_type(old, column.sql_type) and not (
            feed.valid_until and widens(column.sql_type, old)
        ):
            raise _changed(feed, column, old)
    widen_columns(connection, feed.table, wider)
    return [
        Drift(f"raw.{feed.table}", name, "wider contract", sql_type, have[name])
        for name, sql_type in wider.items()
    ]


def _changed(feed: Feed, column: Column, old: str) -> TelmartError:
    """The refusal of a type that would lose what is there."""
    narrower = "narrower than" if widens(column.sql_type, old) else "not"
    return TelmartError(
        f"Contract {feed.path} says {column.name} is {column.sql_type}, which is {narrower} what"
        f" raw.{feed.table} holds: {old}.",
        "Put the old type back, or give the column a new name in the contract. Only wider types"
        " of the same kind take the place of another.",
    )


def _comment(connection: Connection[Any], feed: Feed) -> None:
    known = connection.execute(
        "select obj_description(to_regclass(%s), 'pg_class')", [f'raw."{feed.table}"']
    ).fetchone()
    old = known[0] if known else None
    if old == table_comment(feed) or (old and feed.valid_until):
        return
    for comment in comments_ddl(feed):
        connection.execute(comment)


def ensure_parents(settings: Settings) -> None:
    """Make the raw table of every contract that has none, also of feeds that are off.

    What is built from a feed that never came is then empty and typed instead of missing.
    """
    with connect(settings) as connection:
        made = {
            name
            for (name,) in connection.execute(
                "select relname from pg_class where relnamespace = 'raw'::regnamespace"
                " and relkind = 'p'"
            )
        }
        for feed in all_feeds(settings).values():
            if feed.table not in made:
                ensure_parent(connection, feed)


def create_partition(
    connection: Connection[Any],
    feed: Feed,
    period: Period,
    load_id: int,
    *,
    careful: bool,
    staged: Sequence[str] = (),
) -> sql.Identifier:
    """Make the table that will become the partition, in this transaction; returns its name.

    On the careful path nothing is required yet, and a column holds each row's line. ``staged`` are
    text columns for what the contract does not have.
    """
    # in front, where it is found without unpacking the values before it
    parts: list[sql.Composable] = [sql.SQL(LINE + " bigint")] if careful else []
    for column in feed.columns:
        strict = sql.SQL(" not null" if column.required and not careful else "")
        parts.append(
            sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.sql_type)) + strict
        )
    names = {c.name for c in feed.columns} | {"_period", "_load_id"}
    others = {n: t for n, t in columns_of(connection, _parent(feed)).items() if n not in names}
    if staged:
        others |= {EXTRA: "jsonb", **dict.fromkeys(staged, "text")}
    for other, type_name in others.items():
        parts.append(sql.SQL("{} {}").format(sql.Identifier(other), sql.SQL(type_name)))
    value = sql.Literal(period.value)
    # The check lets the table be attached later without reading it again.
    parts.append(
        sql.SQL("_period date not null default {v}::date check (_period = {v}::date)").format(
            v=value
        )
    )
    parts.append(sql.SQL("_load_id bigint not null default {}").format(sql.Literal(load_id)))
    name = sql.Identifier("raw", f"{feed.table}__{period.tag}__l{load_id}")
    connection.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(parts)))
    return name


def settle_careful(connection: Connection[Any], feed: Feed, table: sql.Identifier) -> None:
    """Make a cleaned careful table like a fast one: required columns, no line numbers."""
    changes: list[sql.Composable] = [sql.SQL("drop column " + LINE)]
    for column in feed.columns:
        if column.required:
            name = sql.Identifier(column.name)
            changes.append(sql.SQL("alter column {} set not null").format(name))
    connection.execute(sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(changes)))


def partition_name(feed: Feed, period: Period) -> sql.Identifier:
    """Name of the partition that is attached for a period."""
    return sql.Identifier("raw", f"{feed.table}__{period.tag}")


def detach_current(
    connection: Connection[Any], feed: Feed, period: Period, load_id: int | None
) -> None:
    """Take the period's present partition, if there is one, out of the table and keep it."""
    current = f"{feed.table}__{period.tag}"
    known = connection.execute("select to_regclass(%s)", [f'raw."{current}"']).fetchone()
    if known is None or known[0] is None:
        return
    connection.execute("select set_config('lock_timeout', %s, true)", [SWAP_TIMEOUT])
    old = partition_name(feed, period)
    version = f"{current}__l{load_id or 0}"
    connection.execute(
        sql.SQL("alter table raw.{} detach partition {}").format(sql.Identifier(feed.table), old)
    )
    connection.execute(sql.SQL("alter table {} rename to {}").format(old, sql.Identifier(version)))
    connection.execute(
        sql.SQL("alter table {} set schema raw_old").format(sql.Identifier("raw", version))
    )


def attach(connection: Connection[Any], feed: Feed, period: Period, table: sql.Identifier) -> None:
    """Make ``table`` the partition of its period."""
    connection.execute("select set_config('lock_timeout', %s, true)", [SWAP_TIMEOUT])
    _make_alike(connection, feed, table)
    connection.execute(
        sql.SQL("alter table {} rename to {}").format(
            table, sql.Identifier(f"{feed.table}__{period.tag}")
        )
    )
    connection.execute(
        sql.SQL("alter table raw.{} attach partition {} for values in ({})").format(
            sql.Identifier(feed.table), partition_name(feed, period), sql.Literal(period.value)
        )
    )


def _make_alike(connection: Connection[Any], feed: Feed, table: sql.Identifier) -> None:
    """Give the new table the columns and types of the raw table, and that ``_extra`` if need be.

    They differ where an earlier version of the contract was narrower, where this is the first
    load with a new column, and where another load has changed the raw table meanwhile.
    """
    connection.execute(
        sql.SQL("lock table only {} in share update exclusive mode").format(_parent(feed))
    )
    parent = columns_of(connection, _parent(feed))
    mine = columns_of(connection, table)
    if EXTRA in mine and EXTRA not in parent:
        _alter(connection, feed, "add column {} {}", EXTRA, "jsonb")
    for name, sql_type in parent.items():
        if mine.get(name) == sql_type:
            continue
        verb = "alter column {} type {}" if name in mine else "add column {} {}"
        connection.execute(
            sql.SQL("alter table {} " + verb).format(  # type: ignore[arg-type]
                table, sql.Identifier(name), sql.SQL(sql_type)
            )
        )


def _alter(connection: Connection[Any], feed: Feed, verb: str, name: str, sql_type: str) -> None:
    connection.execute(
        sql.SQL("alter table {} " + verb).format(  # type: ignore[arg-type]
            _parent(feed), sql.Identifier(name), sql.SQL(sql_type)
        )
    )


def columns_of(connection: Connection[Any], table: sql.Identifier) -> dict[str, str]:
    """A table's columns and their types, as PostgreSQL writes them; empty if there is none."""
    found = connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        [table.as_string(connection)],
    )
    return dict(found.fetchall())


def _parent(feed: Feed) -> sql.Identifier:
    return sql.Identifier("raw", feed.table)
