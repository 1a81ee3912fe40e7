"""One fault of a rule table, told so that whoever edits the CSV can mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What is wrong where.

    Attributes:
        table: rule table, like ``vad_threshold``.
        file: the CSV, as it was named or found.
        line: line of the file, the header being 1; None when it is about the whole file.
        rule_id: key of the row, empty without one.
        column: column or columns, comma-separated; empty for the whole row.
        value: what stands there.
        says: what is wrong, a sentence.
        remedy: what to do, a sentence.
        test: the invariant, by the name it has in the YAML; ``format`` for what no row can be
            read with.
    """

    table: str
    file: str
    line: int | None
    rule_id: str
    column: str
    value: str
    says: str
    remedy: str
    test: str

    @property
    def where(self) -> str:
        """``seeds/reference/vad_threshold.csv, line 3, column min_value``."""
        parts = [self.file]
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.column:
            parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        row = f" (row {self.rule_id})" if self.rule_id else ""
        value = f" It says {self.value!r}." if self.value else ""
        return f"{self.where}{row}: {self.says}{value} {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
