"""Holds: what stops publication, and the state that dashboards show because of it.

A hold stops the marts that are built from what is at fault. One on a feed that no mart is built
from is kept for engineers to see, but stops nothing and worries nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from orchestration.engine.databases import connect
from orchestration.publication.manifest import feeds_by_mart
from orchestration.settings import Settings

_MOST_REASONS = 3

_REFRESH = """
    update status.data_state set
        state = case when published_at is null then 'never'
            when %(held)s then 'held' else 'current' end,
        state_name = case when published_at is null then '尚未发布'
            when %(held)s then '暂缓发布' else '最新' end,
        state_name_en = case when published_at is null then 'Not published yet'
            when %(held)s then 'On hold' else 'Current' end,
        reason = %(reason)s,
        reason_en = %(reason_en)s,
        held_month = %(held_month)s
    where mart = %(mart)s
"""


@dataclass(frozen=True)
class Hold:
    """An open hold. ``feed`` is None for a check; ``marts``: those it stops, None: all."""

    hold_id: int
    feed: str | None
    period: str | None
    check_name: str
    reason: str
    reason_en: str
    raised_at: datetime
    marts: list[str] | None

    @property
    def blocks(self) -> bool:
        """Whether anybody waits because of it."""
        return self.marts is None or bool(self.marts)

    def stops(self, mart: str) -> bool:
        """Whether it keeps ``mart`` from being published."""
        return self.marts is None or mart in self.marts


def open_hold(
    settings: Settings,
    *,
    check_name: str,
    reason: str,
    reason_en: str,
    feed: str | None = None,
    period: str | None = None,
    marts: Collection[str] | None = None,
) -> int:
    """Stop publication and say why on every dashboard at once. Returns the hold's number.

    A hold on a feed stops the marts that are built from it. The same feed, period and check again
    only renews the reason and the marts.

    Args:
        check_name: ``load``, or the name of the check that failed.
        reason: one sentence in Chinese for managers; no row's values: everybody reads it.
        reason_en: the same in English.
        feed: what did not load or pass; None for a check of a mart.
        period: as in the ledger (``2026-10``, ``2026-10-15``, ``full``).
        marts: whom a fault that is not a feed's stops; None: all; none: what no mart depends on.
    """
    if feed is not None:
        marts = {mart for mart, feeds in feeds_by_mart(settings).items() if feed in feeds}
    with connect(settings) as warehouse:
        row = warehouse.execute(
            "insert into ops.hold (feed, period, check_name, reason, reason_en, marts)"
            " values (%s, %s, %s, %s, %s, %s)"
            " on conflict (coalesce(feed, ''), coalesce(period, ''), check_name)"
            " where resolved_at is null"
            " do update set reason = excluded.reason, reason_en = excluded.reason_en,"
            " marts = excluded.marts"
            " returning hold_id",
            [feed, period, check_name, reason, reason_en, None if marts is None else sorted(marts)],
        ).fetchone()
        refresh_state(warehouse)
        warehouse.commit()
    assert row is not None  # noqa: S101 - the insert returns its row or raises
    return int(row[0])


def resolve_holds(
    settings: Settings,
    *,
    feed: str | None = None,
    period: str | None = None,
    check_name: str | None = None,
) -> int:
    """Lift the open holds that match everything given. Returns how many were lifted.

    Raises:
        ValueError: nothing was given; lifting every hold must be spelled out hold by hold.
    """
    given = {"feed": feed, "period": period, "check_name": check_name}
    if not any(given.values()):
        raise ValueError("name a feed, a period or a check")
    with connect(settings) as warehouse:
        done = warehouse.execute(
            "update ops.hold set resolved_at = clock_timestamp() where resolved_at is null"
            " and (%(feed)s::text is null or feed = %(feed)s)"
            " and (%(period)s::text is null or period = %(period)s)"
            " and (%(check_name)s::text is null or check_name = %(check_name)s)",
            given,
        )
        refresh_state(warehouse)
        warehouse.commit()
        return done.rowcount


def open_holds(warehouse: psycopg.Connection[Any]) -> list[Hold]:
    """Every open hold, oldest first."""
    with warehouse.cursor(row_factory=class_row(Hold)) as cursor:
        return cursor.execute(
            "select hold_id, feed, period, check_name, reason, reason_en, raised_at, marts"
            " from ops.hold where resolved_at is null order by hold_id"
        ).fetchall()


def current_state(settings: Settings) -> list[dict[str, Any]]:
    """The rows of ``status.data_state``: what people are told, one per mart."""
    with connect(settings) as warehouse, warehouse.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from status.data_state order by mart").fetchall()


def refresh_state(warehouse: psycopg.Connection[Any]) -> None:
    """Make ``status.data_state`` say what the open holds say. The caller commits."""
    everything = open_holds(warehouse)
    for (mart,) in warehouse.execute("select mart from status.data_state").fetchall():
        holds = [hold for hold in everything if hold.stops(mart)]
        months = sorted(filter(None, (_month(h.period) for h in holds)))
        warehouse.execute(
            _REFRESH,
            {
                "mart": mart,
                "held": bool(holds),
                "reason": _joined([h.reason for h in holds], "；", "另有 {} 项"),
                "reason_en": _joined([h.reason_en for h in holds], "; ", "and {} more"),
                "held_month": months[0] if months else None,
            },
        )


def _joined(reasons: list[str], comma: str, more: str) -> str | None:
    shown = list(dict.fromkeys(r.rstrip("。.") for r in reasons))
    rest = len(shown) - _MOST_REASONS
    shown = shown[:_MOST_REASONS] + ([more.format(rest)] if rest > 0 else [])
    return comma.join(shown) or None


def _month(period: str | None) -> date | None:
    found = re.match(r"(\d{4})-(\d{2})", period or "")
    return date(int(found[1]), int(found[2]), 1) if found else None
