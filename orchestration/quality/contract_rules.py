"""Rules that follow from a feed's contract: required, unique, bounds, allowed values, timing.

The loader enforces them row by row; here they are checked again on what really lies in raw, because
raw can also change by other hands and a contract can be tightened after the load.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from orchestration.contracts import Column, Feed
from orchestration.quality.rules import Rule

#: helper columns of an arrival batch: first day of the period, and first day after it
FIRST, AFTER = "_period_first", "_period_after"


def contract_rules(feed: Feed) -> tuple[Rule, ...]:
    """The rules of ``feed``'s contract, to be tested on the rows of a period."""
    rules = [_complete(feed), _unique(feed)]
    for column in feed.columns:
        rules += [*_presence(feed, column), *_values(feed, column), *_timing(feed, column)]
    return tuple(rules)


def between(low: object, high: object, *, zh: bool = False) -> str:
    """Bounds in words: "at least 0", "between 0 and 31"."""
    if low is not None and high is not None:
        return f"{low} 至 {high}" if zh else f"between {low} and {high}"
    if low is not None:
        return f"不小于 {low}" if zh else f"at least {low}"
    return f"不大于 {high}" if zh else f"at most {high}"


def _complete(feed: Feed) -> Rule:
    names = [*(c.name for c in feed.columns), "_period", "_load_id", FIRST, AFTER]
    return Rule(
        id="columns_are_there",
        type="ExpectTableColumnsToMatchSet",
        # columns of other versions and what is kept of new ones stand beside them
        kwargs={"column_set": names, "exact_match": False},
        description=f"The {len(feed.columns)} columns of the contract are there.",
        description_zh=f"合同中的 {len(feed.columns)} 列齐全。",
        reason="A column that vanished would be read as nothing.",
        owner=feed.owner,
    )


def _unique(feed: Feed) -> Rule:
    return Rule(
        id="key_is_unique",
        type="ExpectCompoundColumnsToBeUnique",
        kwargs={"column_list": ["_period", *feed.key]},
        description=f"{', '.join(feed.key)} is unique within a period.",
        description_zh=f"{'、'.join(feed.key)} 在同一账期内唯一。",
        reason="A row that is there twice is counted twice.",
        owner=feed.owner,
    )


def _presence(feed: Feed, column: Column) -> Iterator[Rule]:
    if column.required:
        key = "A row without its key belongs to nobody."
        yield Rule(
            id=f"{column.name}_not_null",
            type="ExpectColumnValuesToNotBeNull",
            kwargs={"column": column.name},
            description=f"{column.name} is never empty.",
            description_zh=f"“{column.name_zh}”不为空。",
            reason=key if column.is_key else "The contract promises it.",
            owner=feed.owner,
        )


def _values(feed: Feed, column: Column) -> Iterator[Rule]:
    low, high = column.min, column.max
    if low is not None or high is not None:
        yield Rule(
            id=f"{column.name}_within_bounds",
            type="ExpectColumnValuesToBeBetween",
            kwargs={
                "column": column.name,
                "min_value": _bound(column, low),
                "max_value": _bound(column, high),
            },
            description=f"{column.name} is {between(low, high)}.",
            description_zh=f"“{column.name_zh}”取值为 {between(low, high, zh=True)}。",
            reason="The contract states these bounds; beyond them the value is an error.",
            owner=feed.owner,
        )
    if column.allowed:
        yield Rule(
            id=f"{column.name}_is_known",
            type="ExpectColumnValuesToBeInSet",
            kwargs={"column": column.name, "value_set": list(column.allowed)},
            description=f"{column.name} is one of {', '.join(column.allowed)}.",
            description_zh=f"“{column.name_zh}”取值为 {'、'.join(column.allowed)} 之一。",
            reason="A new code needs a decision on what it means before it is counted.",
            owner=feed.owner,
        )


def _timing(feed: Feed, column: Column) -> Iterator[Rule]:
    if feed.period_kind == "full" and feed.covers is None:
        return  # the ends of the period are not known
    if column.timing in {"until_period_end", "in_period"}:
        yield Rule(
            id=f"{column.name}_not_in_future",
            type="ExpectColumnPairValuesAToBeGreaterThanB",
            kwargs={
                "column_A": AFTER,
                "column_B": column.name,
                "ignore_row_if": "either_value_is_missing",
            },
            description=f"{column.name} does not lie after the end of the period.",
            description_zh=f"“{column.name_zh}”不晚于账期末。",
            reason="What happens after the period ends does not belong to it.",
            owner=feed.owner,
        )
    if column.timing == "in_period":
        yield Rule(
            id=f"{column.name}_not_before_period",
            type="ExpectColumnPairValuesAToBeGreaterThanB",
            kwargs={
                "column_A": column.name,
                "column_B": FIRST,
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
            description=f"{column.name} does not lie before the period.",
            description_zh=f"“{column.name_zh}”不早于账期初。",
            reason="An event of an earlier period would be counted in the wrong one.",
            owner=feed.owner,
        )


def _bound(column: Column, text: str | None) -> Any:
    if text is None or not column.is_numeric:
        return text
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)
