"""What a row must be by itself, and keys."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl
import yaml

from orchestration.dbt_folder import STANDARD
from orchestration.rules.reading import Content, Row, shown
from orchestration.settings import ROOT

Others = Mapping[str, Content]
_POLARS = {
    "integer": pl.Int64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "numeric": pl.Decimal(38, 6),
}


def filled(content: Content, others: Others, columns: Sequence[str]) -> None:
    """These columns have a value."""
    for row in content.rows:
        for column in columns:
            if row[column] is None:
                content.fault_of(row, "filled", f"{column} is empty.", _meaning(content, column),
                                 column)  # fmt: skip


def not_null(content: Content, others: Others, column_name: str) -> None:
    """This column has a value."""
    filled(content, others, [column_name])


def unique(content: Content, others: Others, column_name: str) -> None:
    """No value is there twice."""
    seen: dict[Any, Row] = {}
    for row in content.rows:
        value = row[column_name]
        if value is not None and value in seen:
            content.fault_of(
                row, "unique", f"Line {seen[value].line} has the same {column_name}.",
                "Give this row a name of its own.", column_name,
            )  # fmt: skip
        seen.setdefault(value, row)


def unique_combination(content: Content, others: Others, columns: Sequence[str]) -> None:
    """Together these columns are a key."""
    seen: dict[tuple[Any, ...], Row] = {}
    for row in content.rows:
        key = tuple(row[column] for column in columns)
        if key in seen:
            content.fault_of(
                row, "unique_combination",
                f"Line {seen[key].line} has the same {', '.join(columns)}.",
                "Delete one of the two rows, or correct it.", *columns,
            )  # fmt: skip
        seen.setdefault(key, row)


def allowed(content: Content, others: Others, values: Mapping[str, Sequence[Any]]) -> None:
    """Each column has one of its values, or none."""
    for column, known in values.items():
        codes = [shown(value) for value in known]
        for row in content.rows:
            value = row[column]
            if value is not None and shown(value) not in codes:
                content.fault_of(row, "allowed", f"{column} has no such code.",
                                 suggestion(shown(value), codes), column)  # fmt: skip


def suggestion(value: str, known: Sequence[str]) -> str:
    """Which code may have been meant, and all there are."""
    near = difflib.get_close_matches(value, known, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    return f"{meant}Codes: {', '.join(known)}."


def each_row(content: Content, others: Others, rules: Sequence[Mapping[str, Any]]) -> None:
    """What is true of every row. A comparison with a missing value is not true, as in SQL."""
    if not content.rows:
        return
    frame = _frame(content)
    for rule in rules:
        expression = str(rule["expression"])
        holds = frame.select(pl.sql_expr(expression).alias("holds"))["holds"].to_list()
        for row, true in zip(content.rows, holds, strict=True):
            if not true:
                says = str(rule["says"])
                content.fault_of(row, "each_row", f"It must hold: {says}.", "Correct the value.",
                                 *rule["about"])  # fmt: skip


def _frame(content: Content) -> pl.DataFrame:
    schema: dict[str, Any] = {
        name: _POLARS.get(sql_type.partition("(")[0], pl.String)
        for name, sql_type in content.table.types.items()
    }
    columns = {name: [row[name] for row in content.rows] for name in schema}
    return pl.DataFrame(columns, schema=schema)


def known_source(content: Content, others: Others) -> None:
    """A number comes from a requirement, or it is ours."""
    for row in content.rows:
        source = row["source"]
        if source not in {"ours", *requirement_ids()}:
            content.fault_of(
                row, "known_source", "The source is neither a requirement nor 'ours'.",
                "Write the requirement the number comes from, like R110, or ours.", "source",
            )  # fmt: skip


@cache
def requirement_ids() -> frozenset[str]:
    """``R001`` … as docs/requirements.csv lists them."""
    lines = (ROOT / "docs/requirements.csv").read_text(encoding="utf-8").splitlines()
    return frozenset(line.partition(",")[0] for line in lines[1:])


def within_reach(
    content: Content, others: Others, model_name: str, months: str, with_its_own: bool = True
) -> None:
    """No rule looks back longer than a changed month is processed again with.

    Args:
        months: the column with the number of months.
        with_its_own: whether that number counts the month itself.
    """
    longest = _reach_months()[model_name] + with_its_own
    for row in content.rows:
        if row[months] is not None and not 1 <= row[months] <= longest:
            content.fault_of(
                row, "within_reach",
                f"1 to {longest} months: a changed month is processed with so many later ones.",
                f"Write 1 to {longest}, or raise reach_months of {model_name} first.", months,
            )  # fmt: skip


@cache
def _reach_months() -> dict[str, int]:
    """By model of the core, how many later months a changed one is processed with."""
    found = {}
    for path in sorted(STANDARD.glob("models/core/**/_*.yml")):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models") or []:
            meta = model.get("config", {}).get("meta", {})
            found[model["name"]] = int(meta.get("reach_months", 0))
    return found


def _meaning(content: Content, column: str) -> str:
    meaning = content.table.columns.get(column)
    return f"Fill it in: {meaning}" if meaning else "Fill it in."
