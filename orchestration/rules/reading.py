"""A rule table's CSV, read strictly: every value typed, every fault with its line and column."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.rules.fault import Fault
from orchestration.rules.tables import RuleTable

_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_NUMERIC_TYPE = re.compile(r"numeric\((\d+),\s*(\d+)\)")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
#: dbt reads these as no value
_NO_VALUE = {"", "null"}


@dataclass(frozen=True)
class Row:
    """A row of a rule table.

    Attributes:
        line: where it begins in the file; the header is line 1.
        values: typed by column: str, int, Decimal, date, bool, or None for no value.
    """

    line: int
    values: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]


@dataclass
class Content:
    """A rule table as its file has it.

    Attributes:
        rows: those that could be read; a row with a fault is left out.
        faults: of the file's form and of single values.
    """

    table: RuleTable
    file: str
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(
        self, test: str, says: str, remedy: str, *, line: int | None = None,
        column: str = "", value: Any = "", rule_id: str = "",
    ) -> None:  # fmt: skip
        """Note a fault of this file."""
        self.faults.append(
            Fault(
                self.table.name, self.file, line, rule_id, column, shown(value), says, remedy, test
            )
        )

    def fault_of(self, row: Row, test: str, says: str, remedy: str, *columns: str) -> None:
        """Note a fault of ``columns`` of ``row``, with what stands there."""
        self.fault(
            test, says, remedy, line=row.line, column=", ".join(columns),
            value=", ".join(shown(row[column]) for column in columns),
            rule_id=shown(row.values.get(self.table.key)),
        )  # fmt: skip


def shown(value: Any) -> str:
    """A value as the CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def read(table: RuleTable, path: Path, file: str) -> Content:
    """Read ``path`` as ``table``; ``file`` is its name in messages."""
    content = Content(table, file)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        content.fault(
            "format", f"The file is not UTF-8 (byte {error.start + 1}).",
            "Save it as “CSV UTF-8”; Excel's plain CSV is not.",
        )  # fmt: skip
        return content
    except OSError as error:
        content.fault("format", f"The file cannot be read: {error.strerror}.", "Put it there.")
        return content
    return _parse(content, text)


def _parse(content: Content, text: str) -> Content:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if not _header(content, header):
            return content
        line = reader.line_num
        for fields in reader:
            _row(content, header, fields, line + 1)
            line = reader.line_num
    except csv.Error as error:
        content.fault(
            "format", f"The line cannot be read as CSV ({error}).",
            "Look for a quotation mark that is not closed.", line=reader.line_num,
        )  # fmt: skip
    if not (content.rows or content.faults or content.table.may_be_empty):
        content.fault("format", "The table has no row.", "Give it its rules.")
    return content


def _header(content: Content, header: list[str]) -> bool:
    """Whether the columns are those of the table; notes each that is not."""
    wanted = list(content.table.types)
    unknown = [name for name in header if name not in wanted]
    if len(header) == 1 and len(wanted) > 1 and re.search(r"[;\t]", header[0]):
        content.fault("format", "The columns are not separated by commas.",
                      "Save it as comma-separated CSV.", line=1, value=header[0])  # fmt: skip
        return False
    for name in (name for name in wanted if name not in header):
        near = difflib.get_close_matches(name, unknown, n=1)
        renamed = f"Rename the column {near[0]!r} to it" if near else "Add it to the header"
        content.fault("format", f"The column {name} is missing.", f"{renamed}.",
                      line=1, column=name)  # fmt: skip
    for name in unknown:
        near = difflib.get_close_matches(name, wanted, n=1)
        meant = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(wanted)}."
        content.fault("format", f"The table {content.table.name} has no column {name!r}.", meant,
                      line=1, column=name, value=name)  # fmt: skip
    for name in sorted({name for name in header if header.count(name) > 1}):
        content.fault("format", "The column is there twice.", "Delete one of them.",
                      line=1, column=name, value=name)  # fmt: skip
    return not content.faults


def _row(content: Content, header: list[str], fields: list[str], line: int) -> None:
    if not any(value.strip() for value in fields):
        content.fault("format", "The row is empty.", "Delete the line.", line=line)
        return
    rule_id = dict(zip(header, fields, strict=False)).get(content.table.key, "")
    if len(fields) != len(header):
        content.fault(
            "format", f"The row has {len(fields)} values, the header {len(header)} columns.",
            "Put text that contains a comma in quotation marks, or fill in what is missing.",
            line=line, value=",".join(fields), rule_id=rule_id,
        )  # fmt: skip
        return
    values: dict[str, Any] = {}
    sound = True
    for name, text in zip(header, fields, strict=True):
        try:
            values[name] = parse(content.table.types[name], text)
        except ValueError as error:
            says, remedy = error.args
            content.fault("type", says, remedy, line=line, column=name, value=text,
                          rule_id=rule_id)  # fmt: skip
            sound = False
    if sound:
        content.rows.append(Row(line, values))


def parse(sql_type: str, text: str) -> Any:
    """``text`` as a value of ``sql_type``.

    Raises:
        ValueError: it is none; the two arguments are what is wrong and what to do.
    """
    if text.strip() != text:
        raise ValueError("There is a space before or after the value.", "Delete the space.")
    if text.lower() in _NO_VALUE:
        return None
    base = sql_type.partition("(")[0].strip()
    return _PARSERS.get(base, _text)(sql_type, text)


def _text(_: str, text: str) -> str:
    return text


def _integer(_: str, text: str) -> int:
    if _INTEGER.fullmatch(text):
        return int(text)
    raise ValueError("This is not a whole number.", "Write digits only, like 12.")


def _numeric(sql_type: str, text: str) -> Decimal:
    if text.endswith(("%", "％")):
        raise ValueError("This is not a number.", "Write a share as a fraction: 30 % is 0.30.")
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            "This is not a number.", "Write digits with a point, without spaces or commas: 1200.50."
        )
    value = Decimal(text)
    declared = _NUMERIC_TYPE.fullmatch(sql_type)
    if declared:
        digits, places = int(declared[1]), int(declared[2])
        whole, _, fraction = text.lstrip("-").partition(".")
        if len(fraction.rstrip("0")) > places:
            raise ValueError(
                f"The number has more than {places} decimal places, which the warehouse would"
                " round away.",
                f"Give it at most {places}.",
            )
        if len(whole.lstrip("0")) > digits - places:
            raise ValueError("The number is too large.", f"Stay below 1{'0' * (digits - places)}.")
    return value


def _boolean(_: str, text: str) -> bool:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    raise ValueError("This is neither true nor false.", "Write true or false.")


def _date(_: str, text: str) -> date:
    if not _ISO_DATE.fullmatch(text):
        raise ValueError("This is not a date.", "Write it as year-month-day: 2026-01-01.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("The calendar has no such day.", "Correct the month or the day.") from None


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "text": _text, "varchar": _text, "integer": _integer, "bigint": _integer, "int": _integer,
    "smallint": _integer, "numeric": _numeric, "boolean": _boolean, "date": _date,
}  # fmt: skip
