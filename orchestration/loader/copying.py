"""COPY from files into a new table: straight (fast path), or setting bad rows aside (careful)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection, sql

from orchestration.loader import faults
from orchestration.loader.drift import Staging
from orchestration.loader.extract import Extract
from orchestration.loader.partition import LINE
from orchestration.loader.proof import Proof
from orchestration.loader.records import blocks, records, well_quoted
from orchestration.loader.result import NotCleanError, Problem

Progress = Callable[[str, int], None]

#: a load never sets aside more rows than this, whatever its tolerance: they are held in memory
MAX_BAD = 300_000
#: from here on it is worth counting the lines to know whether going on makes sense
_MANY_BAD = 10_000
#: while the content is not proven good, ask the server this often (in blocks) whether it is
_ASK_EVERY = 64
_FILE_SHIFT = 40
_NOTICE = re.compile(r"(\d+)\D*?[\"«„“]([^\"»“”]+)[\"»“”](?:\D*?[\"«„“](.*)[\"»“”])?", re.DOTALL)


def place(file: int, line: int) -> int:
    """File and line as the one number kept in the careful table's line column."""
    return (file << _FILE_SHIFT) | line


def file_and_line(number: int) -> tuple[int, int]:
    """The reverse of ``place``."""
    return number >> _FILE_SHIFT, number & ((1 << _FILE_SHIFT) - 1)


def fast_copy(
    connection: Connection[Any],
    table: sql.Identifier,
    extracts: list[Extract],
    proof: Proof,
    progress: Progress,
    *,
    staging: Staging,
) -> list[int]:
    """Copy the files as they are; returns the number of rows of each.

    Raises:
        NotCleanError: a row plainly breaks a rule, or quotes are not where they should be.
        psycopg.DataError, psycopg.IntegrityError: the server refused a row.
    """
    counts = []
    for extract in extracts:
        columns = [staging.column_of(name) for name in extract.columns]
        statement = _copy_statement(table, columns, extract.delimiter, "")
        stream = blocks(extract.pieces())
        rows, more = 0, True
        while more:
            with connection.cursor() as cursor:
                with cursor.copy(statement) as copy:
                    more = False
                    for number, block in enumerate(stream):
                        if not well_quoted(block, extract.delimiter):
                            raise NotCleanError
                        held = proof.holds
                        proof.add(block, extract.columns, extract.delimiter)
                        copy.write(block)
                        progress(extract.name, len(block))
                        faults.point("mid_copy")
                        # The server reports a bad row only when the COPY ends. End it where
                        # something looks odd, and go on with another if nothing was.
                        if not proof.holds and (held or number >= _ASK_EVERY):
                            more = True
                            break
                rows += cursor.rowcount
        counts.append(rows)
    return counts


@dataclass
class Careful:
    """What a careful copy found: rows copied per file, rows set aside, whether it gave up."""

    counts: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    gave_up: bool = False
    seen: int = 0


def careful_copy(
    connection: Connection[Any],
    table: sql.Identifier,
    extracts: list[Extract],
    progress: Progress,
    *,
    tolerance: float,
    staging: Staging,
) -> Careful:
    """Copy every row that can be a row and set the others aside.

    Gives up, leaving the transaction unusable, as soon as more rows are bad than can be
    tolerated whatever follows.
    """
    outcome = Careful()
    budget = _Budget(tolerance, extracts)
    for number, extract in enumerate(extracts):
        one = _CarefulFile(number, extract)
        statement = _copy_statement(
            table,
            [*map(staging.column_of, extract.columns), LINE],
            extract.delimiter,
            ", on_error ignore, log_verbosity verbose",
        )
        connection.add_notice_handler(one.notice)
        try:
            with connection.cursor() as cursor:
                with cursor.copy(statement) as copy:
                    for data in one.good_rows():
                        copy.write(data)
                        progress(extract.name, len(data))
                        faults.point("mid_copy")
                        if budget.is_spent(
                            len(outcome.problems) + one.bad(), outcome.seen + one.records
                        ):
                            raise _GiveUpError
                outcome.counts.append(cursor.rowcount)
        except _GiveUpError:
            outcome.gave_up = True
        finally:
            connection.remove_notice_handler(one.notice)
        outcome.problems += one.problems()
        outcome.seen += one.records
        if outcome.gave_up:
            break
    return outcome


class _GiveUpError(Exception):
    """Ends a COPY from inside."""


class _CarefulFile:
    """The state of one file's careful copy: what was left out, and what the server said."""

    def __init__(self, number: int, extract: Extract) -> None:
        self.number = number
        self.extract = extract
        self.records = 0
        self._structure: list[Problem] = []
        self._removed: list[int] = []  # physical lines that were not sent
        self._notices: list[tuple[int, str | None, str | None]] = []

    def bad(self) -> int:
        return len(self._structure) + len(self._notices)

    def good_rows(self) -> Iterator[bytes]:
        """Text for COPY: the rows with the right structure, each with its line at the end."""
        extract = self.extract
        separator = extract.delimiter.encode()
        expected = extract.first_line
        shift = self.number << _FILE_SHIFT
        stream = records(
            extract.pieces(), extract.delimiter, len(extract.columns), extract.first_line
        )
        for texts, lines, ends, problems in stream:
            self.records += len(texts)
            if not isinstance(lines, range) or lines[:1] != range(expected, expected + 1):
                for line, end in zip(lines, ends, strict=True):
                    self._removed += range(expected, line)  # blank lines
                    expected = end + 1
            elif lines:
                expected = lines[-1] + 1
            rows = [
                b"%b%b%d\n" % (text, separator, shift | line)
                for text, line in zip(texts, lines, strict=True)
            ]
            for index in sorted(problems, reverse=True):
                del rows[index]
            for index, reason in problems.items():
                self._structure.append(Problem(self.number, lines[index], None, None, reason))
                self._removed += range(lines[index], ends[index] + 1)
            if rows:
                yield b"".join(rows)

    def notice(self, diagnostic: Any) -> None:
        """Take a NOTICE of COPY about a value that has not the column's type."""
        found = _NOTICE.search(diagnostic.message_primary or "")
        if found:
            self._notices.append((int(found[1]), found[2], found[3]))

    def problems(self) -> list[Problem]:
        """All problems, with the lines the server counted turned into lines of the file."""
        found = list(self._structure)
        types = {c.name: c.sql_type for c in self.extract.feed.columns}
        removed = iter(sorted(self._removed))
        ahead = next(removed, None)
        passed = 0
        before = self.extract.first_line - 1
        for line, column, value in self._notices:
            while ahead is not None and ahead <= line + before + passed:
                passed += 1
                ahead = next(removed, None)
            reason = f"is not a valid {types.get(column or '', 'value')}"
            found.append(Problem(self.number, line + before + passed, column, value, reason))
        return found


class _Budget:
    """Tells as soon as it is certain that too many rows are bad."""

    def __init__(self, tolerance: float, extracts: list[Extract]) -> None:
        self._tolerance = tolerance
        self._extracts = extracts
        self._limit: float | None = None

    def is_spent(self, bad: int, seen: int) -> bool:
        if bad <= _MANY_BAD or bad <= self._tolerance * seen:
            return bad > MAX_BAD
        if self._limit is None:
            # A record has at least one line, so there cannot be more records than this.
            lines = sum(p.count(b"\n") + 1 for x in self._extracts for p in x.pieces())
            self._limit = min(self._tolerance * lines, MAX_BAD)
        return bad > self._limit


def _copy_statement(
    table: sql.Identifier, columns: list[str], delimiter: str, options: str
) -> sql.Composed:
    # An empty value is null, quoted or not: extracts that quote everything mean nothing by it.
    return sql.SQL(
        "copy {} ({}) from stdin"
        " (format csv, freeze, force_null *, encoding 'UTF8', delimiter {}{})"
    ).format(
        table,
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Literal(delimiter),
        sql.SQL(options),
    )
