"""What rows with a validity must be together, day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from orchestration.rules.reading import Content, Row, shown

Others = Mapping[str, Content]
Key = tuple[Any, ...]


def holds(row: Row, day: date) -> bool:
    """Whether ``row`` is in force on ``day``; valid_to is the first day it no longer is."""
    begins, ends = row["valid_from"], row["valid_to"]
    return begins is not None and begins <= day and (ends is None or day < ends)


def same_day(one: Row, other: Row) -> bool:
    """Whether there is a day on which both are in force."""
    if one["valid_from"] is None or other["valid_from"] is None:
        return False
    starts = max(one["valid_from"], other["valid_from"])
    return holds(one, starts) and holds(other, starts)


def key_of(row: Row, key: Sequence[str]) -> Key:
    """Values of the key columns; () where the whole table is meant."""
    return tuple(row[column] for column in key)


def grouped(rows: Sequence[Row], key: Sequence[str]) -> dict[Key, list[Row]]:
    """Rows by key, by day within it."""
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: (r["valid_from"] or date.min, r.line)):
        groups[key_of(row, key)].append(row)
    return groups


def named(key: Sequence[str], values: Key) -> str:
    """ " of dimension V", to go behind a noun; empty where the key is the whole table."""
    pairs = [f"{c} {shown(v) or '(empty)'}" for c, v in zip(key, values, strict=True)]
    return f" of {', '.join(pairs)}" if pairs else ""


def days_of_change(rows: Sequence[Row]) -> list[date]:
    """Every day on which a rule begins or ends."""
    days = {row[column] for row in rows for column in ("valid_from", "valid_to")}
    return sorted(days - {None})


def no_overlap(content: Content, others: Others, key: Sequence[str]) -> None:
    """One row of a key a day, and none ends before it begins."""
    for row in content.rows:
        if row["valid_from"] and row["valid_to"] and row["valid_to"] <= row["valid_from"]:
            content.fault_of(
                row, "no_overlap", "The row ends before it begins.",
                "valid_to is the first day on which it no longer holds: a day after valid_from, or"
                " empty while it holds.", "valid_from", "valid_to",
            )  # fmt: skip
    for values, rows in grouped(content.rows, key).items():
        for earlier, later in pairwise(rows):
            if later["valid_from"] and (
                earlier["valid_to"] is None or earlier["valid_to"] > later["valid_from"]
            ):
                content.fault_of(
                    later, "no_overlap",
                    f"On {later['valid_from']} line {earlier.line} still holds, so there would be"
                    f" two rules{named(key, values)}.",
                    f"Write {later['valid_from']} as valid_to in line {earlier.line}, or begin"
                    " this one later.", "valid_from",
                )  # fmt: skip


def no_gap(content: Content, others: Others, key: Sequence[str]) -> None:
    """No day between the first and the last rule of a key is without one."""
    for values, rows in grouped(content.rows, key).items():
        for earlier, later in pairwise(rows):
            ends, begins = earlier["valid_to"], later["valid_from"]
            if ends is not None and begins is not None and begins > ends:
                content.fault_of(
                    later, "no_gap",
                    f"From {ends} (valid_to of line {earlier.line}) until the day before {begins}"
                    f" there is no rule{named(key, values)}.",
                    f"Write {ends} as valid_from here, or {begins} as valid_to in line"
                    f" {earlier.line}.", "valid_from",
                )  # fmt: skip


def _by_day(rows: Sequence[Row], key: Sequence[str]) -> Iterator[tuple[Key, date, list[Row]]]:
    """The rows of each key that hold on each day of change, where any does."""
    days = days_of_change(rows)
    for values, group in grouped(rows, key).items():
        for day in days:
            holding = [row for row in group if holds(row, day)]
            if holding:
                yield values, day, holding


def same_days(
    content: Content, others: Others, key: str, members: Sequence[str],
    per: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Exactly these members, all of them in force or none."""
    codes = [shown(member) for member in members]
    for row in content.rows:
        if row[key] is not None and shown(row[key]) not in codes:
            content.fault_of(row, "same_days", f"{key} has no such code.",
                             f"Codes: {', '.join(codes)}.", key)  # fmt: skip
    told: set[tuple[Key, str]] = set()
    for values, day, rows in _by_day(content.rows, per or []):
        there = {shown(row[key]) for row in rows}
        missing = ", ".join(code for code in codes if code not in there)
        if missing and (values, missing) not in told:
            told.add((values, missing))
            content.fault(
                "same_days",
                f"On {day} there is a rule for {', '.join(sorted(there))}, but none for {missing}"
                f"{named(per or [], values)}.",
                f"Add a row for {missing} that holds on {day}; all of {', '.join(codes)} have"
                " rules on the same days.",
                line=rows[0].line, column=key, value=missing,
                rule_id=shown(rows[0].values.get(content.table.key)),
            )  # fmt: skip


def weights_sum(
    content: Content, others: Others, key: Sequence[str], weight: str, total: Any = 1
) -> None:
    """On every day the weights of a key sum to ``total``; where none is given there is no sum."""
    told: set[Key] = set()
    for values, day, rows in _by_day(content.rows, key):
        given = [row for row in rows if row[weight] is not None]
        found = sum((row[weight] for row in given), Decimal(0))
        if given and found != Decimal(str(total)) and values not in told:
            told.add(values)
            lines = ", ".join(str(row.line) for row in sorted(given, key=lambda r: r.line))
            more = "too much" if found > total else "too little"
            content.fault(
                "weights_sum",
                f"On {day} {weight}{named(key, values)} sums to {found.normalize():f}, not to"
                f" {total}: {abs(found - total).normalize():f} {more}.",
                f"Change {weight} in one or more of the lines {lines}.",
                line=given[0].line, column=weight,
                value=" + ".join(shown(r[weight]) for r in given),
                rule_id=shown(given[0].values.get(content.table.key)),
            )  # fmt: skip


def begins_at(
    content: Content, others: Others, key: Sequence[str], column: str, value: Any
) -> None:
    """On every day the least ``column`` of a key is ``value``."""
    told: set[Key] = set()
    for values, _, rows in _by_day(content.rows, key):
        given = [row for row in rows if row[column] is not None]
        if not given or values in told:
            continue
        least = min(given, key=lambda row: row[column])
        if least[column] != value:
            told.add(values)
            content.fault_of(
                least, "begins_at",
                f"The least {column}{named(key, values)} must be {value}.",
                f"Write {value} here, or add the row that begins there.", column,
            )  # fmt: skip
