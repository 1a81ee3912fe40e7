"""The raw tables: one per feed, one partition per period, replaced whole or not at all."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, sql

from orchestration.contracts import Feed, Period, all_feeds
from orchestration.contracts.derive import comments_ddl, parent_table_ddl, table_comment
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.settings import Settings

#: how long the swap may wait for a query that is reading the table
SWAP_TIMEOUT = "60s"
LINE = "_line"


def ensure_parent(connection: Connection[Any], feed: Feed) -> None:
    """Make the feed's raw table, or bring it to this version of the contract. Commits.

    Columns a newer contract adds are added, empty for older periods; columns it no longer has
    stay, empty for newer ones.

    Raises:
        TelmartError: a column's type has changed, which cannot be done behind the models' back.
    """
    connection.execute("select pg_advisory_xact_lock(hashtext('telmart.raw:' || %s))", [feed.table])
    connection.execute("set local client_min_messages = warning")
    connection.execute(parent_table_ddl(feed))
    have = _columns(connection, feed)
    names = _type_names(connection, {c.sql_type for c in feed.columns})
    for column in feed.columns:
        if column.name not in have:
            connection.execute(
                sql.SQL("alter table raw.{} add column {} {}").format(
                    sql.Identifier(feed.table),
                    sql.Identifier(column.name),
                    sql.SQL(column.sql_type),
                )
            )
            continue
        wanted = names[column.sql_type]
        if have[column.name] != wanted:
            connection.rollback()
            raise TelmartError(
                f"Contract {feed.path} says {column.name} is {wanted}, but in raw.{feed.table}"
                f" it is {have[column.name]}.",
                "Put the old type back, or give the column a new name in the contract.",
            )
    known = connection.execute(
        "select obj_description(to_regclass(%s), 'pg_class')", [f'raw."{feed.table}"']
    ).fetchone()
    if known is None or known[0] != table_comment(feed):
        for comment in comments_ddl(feed):
            connection.execute(comment)
    connection.commit()


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
    connection: Connection[Any], feed: Feed, period: Period, load_id: int, *, careful: bool
) -> sql.Identifier:
    """Make the table that will become the partition, in this transaction; returns its name.

    On the careful path nothing is required yet, and a column holds each row's line.
    """
    # in front, where it is found without unpacking the values before it
    parts: list[sql.Composable] = [sql.SQL(LINE + " bigint")] if careful else []
    for column in feed.columns:
        strict = sql.SQL(" not null" if column.required and not careful else "")
        parts.append(
            sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.sql_type)) + strict
        )
    names = {c.name for c in feed.columns} | {"_period", "_load_id"}
    for retired, type_name in _columns(connection, feed).items():
        if retired not in names:
            parts.append(sql.SQL("{} {}").format(sql.Identifier(retired), sql.SQL(type_name)))
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


def _columns(connection: Connection[Any], feed: Feed) -> dict[str, str]:
    """Columns of the parent table and their types, as PostgreSQL writes them."""
    found = connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        [f'raw."{feed.table}"'],
    )
    return dict(found.fetchall())


def _type_names(connection: Connection[Any], sql_types: set[str]) -> dict[str, str]:
    """Types as PostgreSQL writes them, by how a contract does; one question for all of them."""
    found = connection.execute(
        "select t, format_type(to_regtype(t), to_regtypemod(t)) from unnest(%s::text[]) as t",
        [sorted(sql_types)],
    )
    return dict(found.fetchall())
