"""The rule tables of an operator, read as they lie in its ``reference`` folder."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

import polars as pl

from orchestration.settings import ROOT


@dataclass
class Rules:
    """The rule tables of one operator, and the names of codes.

    ``folder`` holds the operator's own tables; those it lacks are in ``standard``.
    """

    folder: Path
    standard: Path = ROOT / "seeds/reference"
    codes: Path = ROOT / "seeds/codes"

    def rows(self, name: str) -> list[dict[str, str]]:
        own = self.folder / f"{name}.csv"
        path = own if own.is_file() else self.standard / own.name
        with path.open(encoding="utf-8", newline="") as f:
            return list(csv.DictReader(f))

    def names(self, code_set: str) -> dict[str, tuple[str, str]]:
        """Chinese and English name of each code of a set."""
        table, key = (
            ("vad_class", "vad_class") if code_set == "vad_class" else ("code_name", "code")
        )
        with (self.codes / f"{table}.csv").open(encoding="utf-8", newline="") as f:
            return {
                r[key]: (r["name_zh"], r["name_en"])
                for r in csv.DictReader(f)
                if r.get("code_set", code_set) == code_set
            }

    def valid(self, name: str, month: date) -> list[dict[str, str]]:
        """Rows of a table that hold in a month."""
        return [
            r
            for r in self.rows(name)
            if date.fromisoformat(r["valid_from"]) <= month
            and (not r["valid_to"] or month < date.fromisoformat(r["valid_to"]))
        ]


def add_months(month: date, count: int) -> date:
    """First day of the month ``count`` months later."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def at_least(total: str, months: str, share: Fraction) -> pl.Expr:
    """Whether ``total / months >= share`` of two whole-number columns, exactly."""
    return pl.col(total) * share.denominator >= share.numerator * pl.col(months)
