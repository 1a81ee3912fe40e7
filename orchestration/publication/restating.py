"""Months people had seen already, published again: which, and why. Nothing changes silently."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql

from orchestration.publication.manifest import PublishedTable

_LOADS = """
    select feed, period, replaced_load_id, load_id, date_trunc('month', period_date)::date
    from ops.load where load_id = any (%s) and isfinite(period_date) order by feed, period
"""
_NOTE = """
    insert into ops.restatement
        (mart, restated_at, first_month, last_month, month_cnt, reason, reason_en)
    values (%s, %s, %s, %s, %s, %s, %s)
"""
_SHOWN = 3


def seen_months(warehouse: psycopg.Connection[Any], tables: list[PublishedTable]) -> set[date]:
    """Months that people can read now, in any of these served tables."""
    found: set[date] = set()
    for table in tables:
        known = warehouse.execute("select to_regclass(%s)", [table.served]).fetchone()
        if known and known[0]:
            query = sql.SQL("select distinct stat_month from {}").format(
                sql.Identifier(table.mart, table.table)
            )
            found |= {row[0] for row in warehouse.execute(query)}
    return found


def note_restated(
    warehouse: psycopg.Connection[Any],
    mart: str,
    *,
    seen: Collection[date],
    copied: Collection[date],
    load_ids: Sequence[int],
    everything: bool,
    given: str,
    at: datetime | None,
) -> None:
    """Write down which months of ``mart`` that were ``seen`` are different from now on.

    The caller commits.

    Args:
        seen: months people could read before.
        copied: months published now.
        load_ids: loads it publishes now.
        everything: all months were built anew, because models or rules changed or on request.
        given: the reason somebody gave (``telmart run --reason``), or nothing.
    """
    again = sorted(set(copied) & set(seen))
    loads = [row for row in warehouse.execute(_LOADS, [list(load_ids)]) if row[4] in set(seen)]
    if not again or not (loads or everything or given):
        return
    zh, en = _why(loads, everything)
    span = f"{again[0]:%Y-%m}" + (f"..{again[-1]:%Y-%m}" if len(again) > 1 else "")
    reason_zh = f"重述 {span}：{'；'.join(filter(None, [given, *zh]))}。"
    reason_en = f"Restated {span}: {'; '.join(filter(None, [given, *en]))}."
    warehouse.execute(_NOTE, [mart, at, again[0], again[-1], len(again), reason_zh, reason_en])


def _why(loads: list[tuple[Any, ...]], everything: bool) -> tuple[list[str], list[str]]:
    zh, en = [], []
    for feed, period, replaced, load_id, _ in loads[:_SHOWN]:
        if replaced:
            zh.append(f"{feed} {period} 由第 {load_id} 次装载替换第 {replaced} 次")
            en.append(f"{feed} {period} replaced load {replaced} by {load_id}")
        else:
            zh.append(f"{feed} {period} 迟到，第 {load_id} 次装载")
            en.append(f"{feed} {period} arrived late, load {load_id}")
    rest = len(loads) - _SHOWN
    if rest > 0:
        zh.append(f"另有 {rest} 项")
        en.append(f"and {rest} more")
    if everything and not loads:
        zh.append("按现行模型与规则重新计算")
        en.append("all months were built anew with the present models and rules")
    return zh, en
