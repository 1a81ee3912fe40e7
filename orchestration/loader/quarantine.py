"""Rows that did not pass: kept with file, line, column, value and reason, until someone decides."""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from psycopg import Connection

from orchestration.contracts import Feed
from orchestration.loader.extract import Extract
from orchestration.loader.records import records
from orchestration.loader.result import Problem

_INSERT = (
    "copy ops.quarantine (load_id, feed, period, file_name, line_no, column_name, bad_value,"
    " reason, raw_line) from stdin"
)


@dataclass(frozen=True)
class Held:
    """A problem and the text of its row."""

    problem: Problem
    text: str


def held_rows(extracts: list[Extract], problems: list[Problem]) -> Iterator[Held]:
    """Each bad row once, with its text and first problem, by reading the files once more."""
    ordered = sorted(problems, key=lambda p: (p.file, p.line))
    at = 0
    for number, extract in enumerate(extracts):
        groups = records(
            extract.pieces(), extract.delimiter, len(extract.columns), extract.first_line,
            check=False,
        )  # fmt: skip
        for group in groups:
            if at >= len(ordered) or ordered[at].file != number:
                break
            while at < len(ordered) and ordered[at].file == number:
                problem = ordered[at]
                index = bisect_left(group.ends, problem.line)
                if index >= len(group.ends):
                    break
                line = group.lines[index]
                yield Held(replace(problem, line=line), _shown(group.texts[index]))
                while (
                    at < len(ordered)
                    and ordered[at].file == number
                    and ordered[at].line <= group.ends[index]
                ):
                    at += 1


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def keep(
    connection: Connection[Any],
    load_id: int,
    feed: Feed,
    period: str,
    *,
    extracts: list[Extract],
    held: Iterable[Held],
) -> None:
    """Write rows to ``ops.quarantine``. Does not commit."""
    with connection.cursor() as cursor, cursor.copy(_INSERT) as copy:
        for row in held:
            problem = row.problem
            name = extracts[problem.file].name
            value = None if problem.value is None else problem.value.replace("\0", "\\x00")
            copy.write_row(
                (load_id, feed.name, period, name, problem.line, problem.column, value,
                 problem.reason, row.text)
            )  # fmt: skip


@dataclass
class ControlValues:
    """Adds up what passing rows hold in the control columns.

    ``unread`` are the columns in which some row has no readable value, so that no total can be
    compared.
    """

    totals: dict[str, Decimal]
    unread: set[str] = field(default_factory=set)

    def passing(self, extracts: list[Extract], held: Iterable[Held]) -> Iterator[Held]:
        """The same rows."""
        for row in held:
            if self.totals:
                self._add(extracts[row.problem.file], row.text)
            yield row

    def _add(self, extract: Extract, text: str) -> None:
        fields = fields_of(text, extract.delimiter)
        for column in self.totals:
            try:
                if len(fields) != len(extract.columns):
                    raise InvalidOperation
                value = Decimal(fields[extract.columns.index(column)].strip() or "0")
                if not value.is_finite():
                    raise InvalidOperation
                self.totals[column] += value
            except ArithmeticError:  # no number, or one beyond all bounds
                self.unread.add(column)


def fields_of(text: str, delimiter: str) -> list[str]:
    """The fields of one record."""
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
