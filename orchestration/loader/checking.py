"""Checks on the table just loaded, before it becomes the partition."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from psycopg import Connection, errors, sql

from orchestration.contracts import Feed
from orchestration.loader.copying import file_and_line, place
from orchestration.loader.partition import LINE
from orchestration.loader.result import NotCleanError, Problem
from orchestration.loader.rules import Rule, any_broken


def require_clean(connection: Connection[Any], table: sql.Identifier, rules: list[Rule]) -> None:
    """Raise NotCleanError if any row breaks a rule."""
    if count_broken(connection, table, rules):
        raise NotCleanError


def require_unique(connection: Connection[Any], table: sql.Identifier, feed: Feed) -> None:
    """Raise NotCleanError if a key repeats.

    A unique index over a hash of the key is built in parallel and dropped again: three times as
    fast as grouping. Two keys with one hash look like a repetition; grouping then decides.
    """
    # named after the session: loads of other periods run beside this one
    name = sql.Identifier(f"telmart_unique_key_{connection.info.backend_pid}")
    try:
        with connection.transaction():
            connection.execute(
                sql.SQL("create unique index {} on {} (({}))").format(name, table, _hash(feed))
            )
            connection.execute(sql.SQL("drop index raw.{}").format(name))
    except errors.UniqueViolation:
        key = sql.SQL(", ").join(map(sql.Identifier, feed.key))
        row = connection.execute(
            sql.SQL("select 1 from {} group by {} having count(*) > 1 limit 1").format(table, key)
        ).fetchone()
        if row:
            raise NotCleanError from None


def count_broken(connection: Connection[Any], table: sql.Identifier, rules: list[Rule]) -> int:
    """Number of rows that break a rule."""
    row = connection.execute(
        sql.SQL("select count(*) filter (where {}) from {}").format(any_broken(rules), table)
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return int(row[0])


def broken_rows(
    connection: Connection[Any], table: sql.Identifier, rules: list[Rule], limit: int
) -> list[Problem]:
    """The rows of a careful table that break a rule, each with the first it breaks, by line."""
    if not rules:
        return []
    which = sql.SQL(" ").join(
        sql.SQL("when {} then {}").format(rule.condition, sql.Literal(number))
        for number, rule in enumerate(rules)
    )
    value = sql.SQL(" ").join(
        sql.SQL("when {} then left({}::text, 200)").format(
            rule.condition, sql.Identifier(rule.column)
        )
        for rule in rules
    )
    found = connection.execute(
        sql.SQL(
            "select " + LINE + ", case {} end, case {} end from {}"
            " where " + LINE + " is not null and ({}) order by 1 limit {}"
        ).format(which, value, table, any_broken(rules), sql.Literal(limit))
    )
    return [
        Problem(*file_and_line(line), rules[number].column, text, rules[number].reason)
        for line, number, text in found
    ]


def repeated_rows(
    connection: Connection[Any],
    table: sql.Identifier,
    feed: Feed,
    broken: list[Problem],
    limit: int,
) -> list[Problem]:
    """The rows of a careful table that repeat the key of an earlier row, by line.

    ``broken`` rows are out already and repeat nothing. Rows without a line come from the version
    that is being corrected; they are the earlier ones. At least ``limit`` rows are found if there
    are that many.
    """
    key = sql.SQL(", ").join(map(sql.Identifier, feed.key))
    # The table has no statistics yet, and a hash table for 200 groups is not one for millions.
    connection.execute("set local enable_hashagg = off")
    found = connection.execute(
        sql.SQL(
            "with suspects as materialized ("
            " select {hash} as hash from {table} group by 1 having count(*) > 1"
            ") select " + LINE + ", dense_rank() over (order by {key}),"
            " left(concat_ws(', ', {key}), 200)"
            " from {table} where {hash} in (select hash from suspects)"
            " order by 2, 1 nulls first limit {limit}"
        ).format(
            hash=_hash(feed), table=table, key=key, limit=sql.Literal(2 * (limit + len(broken)))
        )
    )
    out = {place(p.file, p.line) for p in broken}
    problems: list[Problem] = []
    first: dict[int, int | None] = {}
    for line, group, value in found:
        if line in out:
            continue
        if group not in first:
            first[group] = line
            continue
        file, at = file_and_line(line)
        problems.append(Problem(file, at, feed.key[0], value, _repeats(file, first[group])))
    return sorted(problems, key=lambda p: (p.file, p.line))


def _repeats(file: int, first: int | None) -> str:
    if first is None:
        return "repeats the key of a row loaded before"
    first_file, first_line = file_and_line(first)
    other = "" if first_file == file else f" of file {first_file + 1}"
    return f"repeats the key of line {first_line}{other}"


def delete_lines(connection: Connection[Any], table: sql.Identifier, lines: list[int]) -> None:
    """Take rows out of a careful table."""
    if not lines:
        return
    connection.execute(
        sql.SQL(
            "delete from {table} using unnest(%s::bigint[]) as gone (line)"
            " where {table}.{column} = gone.line"
        ).format(table=table, column=sql.Identifier(LINE)),
        [lines],
    )


def sums(
    connection: Connection[Any], table: sql.Identifier, columns: list[str]
) -> dict[str, Decimal]:
    """Totals of numeric columns."""
    if not columns:
        return {}
    parts = sql.SQL(", ").join(
        sql.SQL("coalesce(sum({}), 0)::numeric").format(sql.Identifier(c)) for c in columns
    )
    row = connection.execute(sql.SQL("select {} from {}").format(parts, table)).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return dict(zip(columns, row, strict=True))


def _hash(feed: Feed) -> sql.Composed:
    if len(feed.key) == 1 and feed.column(feed.key[0]).sql_type == "text":
        return sql.SQL("hashtextextended({}, 0)").format(sql.Identifier(feed.key[0]))
    key = sql.SQL(", ").join(map(sql.Identifier, feed.key))
    return sql.SQL("hash_record_extended(row({}), 0)").format(key)
