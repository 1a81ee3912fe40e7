"""The contract's rules as SQL conditions over the table just loaded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg import sql

from orchestration.contracts import Column, Feed
from orchestration.loader.limits import Limit

_NOT_A_NUMBER = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True)
class Rule:
    """``condition`` is true for a row that breaks the rule; ``reason`` says how, of ``column``."""

    column: str
    condition: sql.Composed
    reason: str


def rules_of(feed: Feed, limits: list[Limit]) -> list[Rule]:
    """All rules on single values, in the contract's order of columns."""
    by_column = {limit.column.name: limit for limit in limits}
    rules: list[Rule] = []
    for column in feed.columns:
        rules += _column_rules(column, by_column.get(column.name))
    return rules


def any_broken(rules: list[Rule]) -> sql.Composable:
    """One condition: the row breaks at least one rule. Null never counts as broken by itself."""
    if not rules:
        return sql.SQL("false")
    return sql.SQL(" or ").join(sql.SQL("({})").format(rule.condition) for rule in rules)


def _column_rules(column: Column, limit: Limit | None) -> list[Rule]:
    name = sql.Identifier(column.name)
    rules = []

    def rule(text: str, reason: str, *values: Any) -> None:
        condition = sql.SQL(text).format(name, *values)  # type: ignore[arg-type]
        rules.append(Rule(column.name, condition, reason))

    if column.required:
        rule("{} is null", "is empty, but required")
    if column.logical_type == "number":
        special = _NOT_A_NUMBER[:1] if "(" in column.sql_type else _NOT_A_NUMBER
        rule("{} in ({})", "is not a number", _literals(special))
    if limit and limit.low is not None:
        rule("{} < {}", limit.low_reason, _literal(column, limit.low))
    if limit and limit.high is not None:
        rule("{} > {}", limit.high_reason, _literal(column, limit.high))
    if column.allowed:
        shown = ", ".join(column.allowed)
        reason = f"is not one of {shown}"
        if column.when_unknown:
            reason += f". {column.when_unknown.rstrip('.')}"
        rule("{}::text not in ({})", reason, _literals(column.allowed))
    return rules


def _literals(values: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Literal(v) for v in values)


def _literal(column: Column, value: Any) -> sql.Composed:
    if column.logical_type == "integer" and value == int(value):
        return sql.SQL("{}").format(sql.Literal(int(value)))
    # the bound is not squeezed into the column's own precision: 0.001 must not become 0.00
    cast = "numeric" if isinstance(value, Decimal) else column.logical_type
    return sql.SQL("{}::{}").format(sql.Literal(str(value)), sql.SQL(cast))
