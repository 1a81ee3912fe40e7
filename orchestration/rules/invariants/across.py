"""How rows compare with each other, and with other tables."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from orchestration.rules.invariants.over_time import (
    days_of_change,
    holds,
    key_of,
    named,
    same_day,
)
from orchestration.rules.invariants.rows import suggestion
from orchestration.rules.reading import Content, Row, shown

Others = Mapping[str, Content]
_REF = re.compile(r"ref\(['\"](\w+)['\"]\)")
#: what a later value must be to an earlier one
_DIRECTIONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "rises": (operator.gt, "greater than"),
    "falls": (operator.lt, "less than"),
    "never_falls": (operator.ge, "at least"),
    "never_rises": (operator.le, "at most"),
}


def outweighs(
    content: Content, others: Others, *, key: Sequence[str], member: str, weight: str,
    heavier: str, lighter: str,
) -> None:  # fmt: skip
    """``heavier`` has the greater weight of the two."""
    for one in (row for row in content.rows if row[member] == heavier):
        for other in (row for row in content.rows if row[member] == lighter):
            alike = key_of(one, key) == key_of(other, key) and same_day(one, other)
            if alike and not _compare(operator.gt, one[weight], other[weight]):
                content.fault_of(
                    one, "outweighs",
                    f"{weight} of {heavier} must be above that of {lighter}"
                    f"{named(key, key_of(one, key))}, {shown(other[weight])} (line {other.line}).",
                    f"Raise it above {shown(other[weight])}, or lower line {other.line}.", weight,
                )  # fmt: skip


def ordered(
    content: Content, others: Others, *, key: Sequence[str], along: str, column: str, direction: str
) -> None:
    """Along ``along``, ``column`` goes in ``direction``. Told of neighbours only."""
    holds_true, words = _DIRECTIONS[direction]
    told: set[int] = set()
    for earlier, later in _neighbours(content.rows, key, along):
        one, other = earlier[column], later[column]
        if one is None or other is None or holds_true(other, one) or later.line in told:
            continue
        told.add(later.line)
        content.fault_of(
            later, "ordered",
            f"{column} at {along} {shown(later[along])} must be {words} {shown(one)}, which it is"
            f" at {along} {shown(earlier[along])} (line {earlier.line}).",
            f"Correct it here or in line {earlier.line}.", column,
        )  # fmt: skip


def _neighbours(rows: Sequence[Row], key: Sequence[str], along: str) -> Iterator[tuple[Row, Row]]:
    """Pairs of a key that hold on the same day, nearest along ``along`` first."""
    in_order = sorted((row for row in rows if row[along] is not None), key=lambda r: r[along])
    pairs = [
        (one, other)
        for one, other in combinations(in_order, 2)
        if key_of(one, key) == key_of(other, key) and one[along] != other[along]
        and same_day(one, other)
    ]  # fmt: skip
    yield from sorted(pairs, key=lambda pair: pair[1][along] - pair[0][along])


def levels_rise(content: Content, others: Others) -> None:
    """A higher level of a warning is not easier to reach than a lower one."""
    columns = ("threshold_value", "floor_value", "min_customer_grade")
    for lower, higher in _neighbours(content.rows, ["warning_type"], "warning_level"):
        easier = [
            c for c in columns
            if lower[c] is not None and higher[c] is not None and higher[c] < lower[c]
        ]  # fmt: skip
        if easier:
            content.fault_of(
                higher, "levels_rise",
                f"Level {higher['warning_level']} is easier to reach than level"
                f" {lower['warning_level']} (line {lower.line}).",
                f"Raise it to at least {', '.join(shown(lower[c]) for c in easier)}.", *easier,
            )  # fmt: skip
        elif all(lower[c] == higher[c] for c in columns):
            content.fault_of(
                higher, "levels_rise",
                f"Level {higher['warning_level']} and level {lower['warning_level']} (line"
                f" {lower.line}) are reached alike, so the lower one is never raised.",
                "Make the higher level harder to reach.", *columns,
            )  # fmt: skip


def references(
    content: Content, others: Others, *, columns: Sequence[str], to: str,
    to_columns: Sequence[str] | None = None, besides: Sequence[str] = (),
) -> None:  # fmt: skip
    """What these columns name is in the other table."""
    there = _other(others, to)
    if there is None:
        return
    targets = to_columns or columns
    known = {tuple(row[c] for c in targets) for row in there.rows}
    for row in content.rows:
        values = tuple(row[column] for column in columns)
        if None in values or values in known or any(v in besides for v in values):
            continue
        codes = sorted({"/".join(shown(part) for part in key) for key in known})
        content.fault_of(
            row, "references", f"{there.table.name} ({there.file}) has no such row.",
            suggestion("/".join(shown(v) for v in values), codes), *columns,
        )  # fmt: skip


def complete_for(
    content: Content, others: Others, columns: Sequence[str], to: str,
    to_columns: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """On every day, what holds in the other table has a row that holds here."""
    there = _other(others, to)
    if there is None:
        return
    targets = list(to_columns or columns)
    told: set[tuple[Any, ...]] = set()
    for day in days_of_change([*content.rows, *there.rows]):
        here = {tuple(row[c] for c in columns) for row in content.rows if holds(row, day)}
        for row in (row for row in there.rows if holds(row, day)):
            values = tuple(row[c] for c in targets)
            if values not in here and values not in told:
                told.add(values)
                content.fault(
                    "complete_for",
                    f"On {day} {there.table.name} (line {row.line} of {there.file}) has"
                    f"{named(targets, values).removeprefix(' of')}, and no row here holds for it.",
                    f"Add its rows from {day} on, or end it in {there.table.name}.",
                    column=", ".join(columns), value=", ".join(shown(v) for v in values),
                )  # fmt: skip


def _other(others: Others, to: str) -> Content | None:
    """The table a reference leads to; None when its own faults make it unreadable."""
    match = _REF.search(to)
    there = others.get(match[1]) if match else None
    return there if there is not None and there.rows and not unreadable(there) else None


def unreadable(content: Content) -> bool:
    """Whether rows of it are missing because they could not be read."""
    return any(fault.test in {"format", "type"} for fault in content.faults)


def _compare(how: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    return one is not None and other is not None and how(one, other)
