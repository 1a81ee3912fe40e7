"""Files to send to whoever owns a source system: an empty extract, and one with an example row."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

from orchestration.contracts.feed import Column, Feed
from orchestration.contracts.period import parse_period

#: the period the example row belongs to, by kind
EXAMPLE_PERIODS = {"month": "2026-10", "day": "2026-10-15", "full": "full"}


def csv_template(feed: Feed, *, chinese: bool = False, example: bool = False) -> str:
    """CSV text: the header line and, with ``example``, one row that the loader accepts.

    Args:
        chinese: headers are the contract's Chinese names, which the loader knows as well.
        example: add a row for the period in ``EXAMPLE_PERIODS``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([c.name_zh if chinese else c.name for c in feed.columns])
    if example:
        period = parse_period(feed, EXAMPLE_PERIODS[feed.period_kind])
        day = period.last or date(2026, 10, 31)
        writer.writerow([_value(column, day) for column in feed.columns])
    return text.getvalue()


def write_templates(feed: Feed, folder: Path, *, chinese: bool = False) -> list[Path]:
    """Write ``<feed>.csv`` and ``<feed>_example.csv``; with a byte order mark, for Excel's sake."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix, example in (("", False), ("_example", True)):
        path = folder / f"{feed.name}{suffix}.csv"
        text = csv_template(feed, chinese=chinese, example=example)
        path.write_text(text, encoding="utf-8-sig")
        written.append(path)
    return written


def _value(column: Column, day: date) -> str:
    """A value that keeps every rule of the column, on ``day`` where it is a time."""
    if column.allowed:
        return column.allowed[0]
    if column.logical_type == "date":
        return str(_within(column, day))
    if column.logical_type == "timestamp":
        return f"{_within(column, day)} 09:30:00"
    if column.is_numeric:
        low = Decimal(column.min) if column.min else None
        high = Decimal(column.max) if column.max else None
        value = max(Decimal(1), low) if low is not None else Decimal(1)
        value = min(value, high) if high is not None else value
        return str(value)
    if column.logical_type == "boolean":
        return "true"
    words = column.name.removesuffix("_id").replace("_", "-")
    length = column.sql_type.partition("(")[2].rstrip(")")
    return f"{words}-1"[: int(length)] if length.isdigit() else f"{words}-1"


def _within(column: Column, day: date) -> date:
    low = date.fromisoformat(column.min[:10]) if column.min else day
    high = date.fromisoformat(column.max[:10]) if column.max else day
    return min(max(day, low), high)
