"""Rows, columns and comments of the served tables, made equal to what dbt built.

Rows are deleted and inserted, never swapped as partitions: only rows are versioned, so a reader in
the middle of something keeps the old state whole, and the next reader has the new one whole.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from orchestration.access import protect
from orchestration.access.served import require_keys
from orchestration.errors import TelmartError
from orchestration.publication.closing import VERSION, VERSION_COMMENT
from orchestration.publication.manifest import PublishedTable
from orchestration.publication.restating import seen_months

#: ends the name of a table while it is filled beside the one it will replace
_NEW = "__new"

_COLUMNS = """
    select attname, format_type(atttypid, atttypmod), attcollation
    from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    order by attnum
"""
_IS_EMPTY = """
    select not exists (select from pg_class where relnamespace = n.oid)
        and not exists (select from pg_proc where pronamespace = n.oid)
    from pg_namespace as n where nspname = %s
"""


def fill(
    warehouse: psycopg.Connection[Any],
    table: PublishedTable,
    months: Sequence[date] | None,
    frozen: Collection[date] = (),
) -> tuple[dict[date, int], bool]:
    """Copy months into the served table, or all into a new one beside it when columns changed.

    Args:
        months: the months to copy; None for all. Into a new table also those it had.
        frozen: closed months: their rows stay as people have them. A column they did not have
            yet is empty in them.

    Returns:
        Rows copied by month, and whether they went into ``<table>__new``.
    """
    build = sql.Identifier(table.build_schema, table.table)
    columns = _columns(warehouse, table.build_schema, table.table)
    if not columns:
        raise TelmartError(
            f"{table.build_schema}.{table.table} does not exist, though dbt's manifest lists it.",
            "Run `telmart run`, which builds it before publishing.",
        )
    require_keys(warehouse, table.build_schema, table.table)
    before = _columns(warehouse, table.mart, table.table)
    is_new = [*columns, (VERSION, "integer", 0)] != before
    name = table.table + _NEW if is_new else table.table
    served = sql.Identifier(table.mart, name)
    built = [
        row[0] for row in warehouse.execute(
            sql.SQL("select distinct stat_month from {} order by 1").format(build)
        )
    ]  # fmt: skip
    if is_new:
        warehouse.execute(
            sql.SQL("create schema if not exists {}").format(sql.Identifier(table.mart))
        )
        warehouse.execute(sql.SQL("create table {} (like {})").format(served, build))
        warehouse.execute(
            sql.SQL("alter table {} add column {} integer").format(served, sql.Identifier(VERSION))
        )
        # what people have not seen and is not asked for may be incomplete
        chosen = None if months is None else {*months, *seen_months(warehouse, [table])}
        wanted = [
            m for m in built
            if (m not in frozen or not before) and (chosen is None or m in chosen)
        ]  # fmt: skip
        if before:
            had = {name for name, _, _ in before}
            shared = [name for name in (*(c[0] for c in columns), VERSION) if name in had]
            _carry_over(warehouse, table, served, shared, frozen)
    else:
        wanted = [m for m in built if (months is None or m in months) and m not in frozen]
        warehouse.execute(
            sql.SQL("delete from {} where stat_month = any(%s) or stat_month <> all(%s)").format(
                served
            ),
            [wanted, [*built, *frozen]],
        )
    names = sql.SQL(", ").join(sql.Identifier(column[0]) for column in columns)
    done = {}
    for month in wanted:
        # in the order of the keys, so that a person's rows lie together
        copy = sql.SQL(
            "insert into {} ({}) select {} from {} where stat_month = %s"
            " order by area_id, account_manager_id"
        ).format(served, names, names, build)
        done[month] = warehouse.execute(copy, [month]).rowcount
    if is_new:
        protect(warehouse, table.mart, name)
    return done, is_new


def _carry_over(
    warehouse: psycopg.Connection[Any],
    table: PublishedTable,
    served: sql.Identifier,
    columns: Sequence[str],
    frozen: Collection[date],
) -> None:
    """Closed months move to the new table as they are, by the columns both tables have."""
    shared = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    warehouse.execute(
        sql.SQL(
            "insert into {} ({shared}) select {shared} from {} where stat_month = any(%s)"
        ).format(served, sql.Identifier(table.mart, table.table), shared=shared),
        [sorted(frozen)],
    )


def swap(warehouse: psycopg.Connection[Any], tables: list[PublishedTable]) -> None:
    """Put the tables built beside in place, last of all, so that readers wait the least."""
    for table in tables:
        warehouse.execute(
            sql.SQL("drop table if exists {}").format(sql.Identifier(table.mart, table.table))
        )
        warehouse.execute(
            sql.SQL("alter table {} rename to {}").format(
                sql.Identifier(table.mart, table.table + _NEW), sql.Identifier(table.table)
            )
        )
        warehouse.execute(
            "insert into access.served_table (schema_name, table_name) values (%s, %s)"
            " on conflict do nothing",
            [table.mart, table.table],
        )


def drop_retired(warehouse: psycopg.Connection[Any], tables: list[PublishedTable]) -> None:
    """What the models no longer have, people no longer read; nor the schema it leaves empty."""
    kept = {(table.mart, table.table) for table in tables}
    registered = warehouse.execute(
        "select schema_name, table_name from access.served_table"
    ).fetchall()  # fmt: skip
    for schema, name in set(registered) - kept:
        warehouse.execute(
            sql.SQL("drop table if exists {}").format(sql.Identifier(schema, name))
        )  # fmt: skip
        warehouse.execute(
            "delete from access.served_table where schema_name = %s and table_name = %s",
            [schema, name],
        )
    for schema in {schema for schema, _ in registered} - {table.mart for table in tables}:
        if warehouse.execute(_IS_EMPTY, [schema]).fetchone() == (True,):
            warehouse.execute(sql.SQL("drop schema {}").format(sql.Identifier(schema)))


def _columns(
    warehouse: psycopg.Connection[Any], schema: str, table: str
) -> list[tuple[str, str, int]]:
    name = sql.Identifier(schema, table).as_string(None)
    return warehouse.execute(_COLUMNS, [name]).fetchall()


def describe(warehouse: psycopg.Connection[Any], table: PublishedTable) -> None:
    """Comments of table and columns, where they differ from dbt's descriptions."""
    target = sql.Identifier(table.mart, table.table)
    present = warehouse.execute(
        "select a.attname, d.description from pg_class as c"
        " left join pg_attribute as a"
        " on a.attrelid = c.oid and a.attnum >= 0 and not a.attisdropped"
        " left join pg_description as d on d.classoid = 'pg_class'::regclass"
        " and d.objoid = c.oid and d.objsubid = a.attnum where c.oid = to_regclass(%s)",
        [target.as_string(None)],
    ).fetchall()
    for column, comment in present:
        wanted = VERSION_COMMENT if column == VERSION else table.column_comments.get(column) or None
        if wanted != comment:
            warehouse.execute(
                sql.SQL("comment on column {} is {}").format(
                    sql.Identifier(table.mart, table.table, column), sql.Literal(wanted)
                )
            )
    row = warehouse.execute(
        "select obj_description(to_regclass(%s))", [target.as_string(None)]
    ).fetchone()  # fmt: skip
    if not row or row[0] != (table.comment or None):
        warehouse.execute(
            sql.SQL("comment on table {} is {}").format(target, sql.Literal(table.comment or None))
        )
