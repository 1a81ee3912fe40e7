"""Copies of the rule tables with a fault in them, and what is expected to be said of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.rules.checking import files_in_force
from orchestration.settings import settings

FILES: Mapping[str, Path] = files_in_force(settings())


@dataclass(frozen=True)
class Spoilt:
    """One fault of one table.

    Attributes:
        change: (key, column) -> new value.
        add: (key of the row to copy, changes of the copy).
        drop: keys of rows to leave out.
        test: the invariant that must see it.
        at: key of the row it is told of; empty: none.
        column: the column it is told of.
        value: what must be shown as standing there.
        remedy: part of what to do.
        dbt: how the dbt test's name begins, when it is not <test>_<table>.
    """

    table: str
    test: str
    at: str
    column: str
    value: str
    remedy: str
    change: Mapping[tuple[str, str], str] = field(default_factory=dict)
    add: Sequence[tuple[str, Mapping[str, str]]] = ()
    drop: Sequence[str] = ()
    dbt: str = ""

    def write(self, folder: Path) -> Path:
        """The spoilt CSV in ``folder``."""
        rows = table_rows(self.table)
        key = next(iter(rows[0]))
        copies = [{**row, **changes} for of, changes in self.add for row in rows if row[key] == of]
        assert len(copies) == len(self.add)
        rows = [row for row in rows if row[key] not in self.drop]
        found = {row[key] for row in rows}
        assert {of for of, _ in self.change} <= found
        for (of, column), value in self.change.items():
            for row in rows:
                if row[key] == of:
                    assert column in row
                    row[column] = value
        path = folder / f"{self.table}.csv"
        path.write_text(csv_text([*rows, *copies]), encoding="utf-8")
        return path


def table_rows(table: str) -> list[dict[str, str]]:
    """Rows of the table in force, as text."""
    with FILES[table].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def csv_text(rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def line_of(path: Path, key: str) -> int:
    """Where a row stands in a file without line breaks in values."""
    [number] = [
        number
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if line.split(",")[0] == key
    ]
    return number
