"""Numbers per period, kept in ``quality.profile``: volume, averages, orphans, sums to reconcile.

Measuring reads only the periods in question; what is usual comes from the numbers kept earlier, so
the cost of a check follows what changed and not how much history there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from orchestration.quality.rules import Suite

#: period ('2026-10-01', '-infinity' for full feeds) -> measure -> value
Numbers = dict[str, dict[str, Decimal | None]]
_UPSERT = """
    insert into quality.profile (subject, period, measure, value, load_id)
    values (%s, %s, %s, %s, %s)
    on conflict (subject, measure, period) do update
    set value = excluded.value, load_id = excluded.load_id, measured_at = now()
"""
_ROW = """
    select period::text as period, {columns}
    from quality.profile_usual
    where subject = {subject} and period in ({periods})
    group by 1
"""
_CELLS = ("value", "usual", "ratio", "ratio_beyond_noise")


def aggregates(
    connection: psycopg.Connection[Any],
    table: sql.Composable,
    period_column: str,
    measures: Mapping[str, str],
    periods: Sequence[str],
) -> Numbers:
    """Evaluate ``measures`` (name to SQL aggregate) per period, in one pass over ``table``.

    A period without rows has ``row_cnt`` 0 and no other number.
    """
    found: Numbers = {p: {**dict.fromkeys(measures), "row_cnt": Decimal(0)} for p in periods}
    columns = sql.SQL(", ").join(
        sql.SQL("({})::numeric as {}").format(sql.SQL(text), sql.Identifier(name))
        for name, text in measures.items()
    )
    query = sql.SQL("select {p}::text as period, {} from {} where {p} in ({}) group by 1").format(
        columns, table, dates(periods), p=sql.Identifier(period_column)
    )
    for row in connection.cursor(row_factory=dict_row).execute(query):
        found[row.pop("period")].update(row)
    return found


def query_numbers(
    connection: psycopg.Connection[Any], query: str, periods: Sequence[str]
) -> Numbers:
    """Evaluate a suite's own query; ``{months}`` in it stands for the periods in question."""
    text = query.replace("{months}", dates(periods).as_string(connection))
    rows = connection.cursor(row_factory=dict_row).execute(sql.SQL(text))
    return {str(row.pop("period")): dict(row) for row in rows}


def keep(
    connection: psycopg.Connection[Any],
    subject: str,
    numbers: Numbers,
    loads: Mapping[str, int] | None = None,
) -> None:
    """Store the numbers; ``loads`` names the load each period was measured on."""
    rows = [
        (subject, period, measure, value, (loads or {}).get(period))
        for period, row in numbers.items()
        for measure, value in row.items()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT, rows)


def measured(suite: Suite, extra: Iterable[str] = ()) -> list[str]:
    """Names of all measures a suite's rules may name, in a stable order."""
    named = [str(r.kwargs.get("column", "")) for r in suite.rules if r.batch == "profile"]
    return list(dict.fromkeys([*suite.measures, *(r.measure for r in suite.references),
                               *extra, *_bare(named)]))  # fmt: skip


def profile_query(
    connection: psycopg.Connection[Any], subject: str, measures: Sequence[str], periods: list[str]
) -> str:
    """SQL with one row per period; each measure as ``<m>``, ``<m>_usual``, ``<m>_ratio`` and
    ``<m>_ratio_beyond_noise``."""
    columns = sql.SQL(", ").join(
        sql.SQL("max({}) filter (where measure = {}) as {}").format(
            sql.Identifier(cell), sql.Literal(m),
            sql.Identifier(m if cell == "value" else f"{m}_{cell}"),
        )
        for m in measures for cell in _CELLS
    )  # fmt: skip
    query = sql.SQL(_ROW).format(
        columns=columns, subject=sql.Literal(subject), periods=dates(periods)
    )
    return query.as_string(connection)


def dates(periods: Iterable[str]) -> sql.Composed:
    """``date '2026-09-01', date '2026-10-01'``: literals, so that partitions are pruned."""
    return sql.SQL(", ").join(sql.SQL("date {}").format(sql.Literal(p)) for p in periods)


def _bare(columns: Iterable[str]) -> list[str]:
    bare = []
    for column in columns:
        for cell in ("_ratio_beyond_noise", "_ratio", "_usual"):
            column = column.removesuffix(cell)  # noqa: PLW2901
        if column:
            bare.append(column)
    return bare
