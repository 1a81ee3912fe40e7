"""Which values a contract allows in a period: stated once, checked in SQL and in Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from orchestration.contracts import Column, Feed, Period


@dataclass(frozen=True)
class Limit:
    """The lowest and highest value of one column, both inclusive, and why each is refused."""

    column: Column
    low: Any
    low_reason: str
    high: Any
    high_reason: str


def limits_of(feed: Feed, period: Period, today: date) -> list[Limit]:
    """The limits of every column that has any, in the contract's order.

    ``today`` stands in for the end of a ``full`` period whose contract does not say what it
    covers: nothing can have happened after it.
    """
    found = [_limit(column, period, today) for column in feed.columns]
    return [limit for limit in found if limit.low is not None or limit.high is not None]


def _limit(column: Column, period: Period, today: date) -> Limit:
    low = _value(column, column.min, end=False)
    high = _value(column, column.max, end=True)
    low_reason = f"is below the minimum {column.min}"
    high_reason = f"is above the maximum {column.max}"
    if column.is_temporal:
        low_reason = f"is before {column.min}"
        high_reason = f"is after {column.max}"
        last = period.last or today
        end = _value(column, last.isoformat(), end=True)
        if column.timing != "any" and (high is None or end < high):
            high = end
            high_reason = f"is after {last}, the end of the period"
        if column.timing == "in_period" and period.first:
            start = _value(column, period.first.isoformat(), end=False)
            if low is None or start > low:
                low, low_reason = start, f"is before {period.first}, the start of the period"
    return Limit(column, low, low_reason, high, high_reason)


def _value(column: Column, text: str | None, *, end: bool) -> Any:
    if text is None:
        return None
    if column.logical_type == "date":
        return date.fromisoformat(text[:10])
    if column.logical_type == "timestamp":
        if len(text) > 10:
            return datetime.fromisoformat(text)
        day = datetime.combine(date.fromisoformat(text), time.min)
        # PostgreSQL and Arrow both count microseconds, so this is the day's last moment
        return day + timedelta(days=1) - timedelta(microseconds=1) if end else day
    return Decimal(text)
