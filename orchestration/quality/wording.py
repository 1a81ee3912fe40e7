"""Putting what was expected and what was seen into words: counts and aggregates, never values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchestration.quality.contract_rules import between
from orchestration.quality.rules import Rule


def expected_text(rule: Rule) -> str:
    """What the rule asks for, short: "row_cnt_ratio between 0.8 and 1.25"."""
    kwargs = dict(rule.kwargs)
    low, high = kwargs.pop("min_value", None), kwargs.pop("max_value", None)
    column = kwargs.get("column") or ", ".join(kwargs.get("column_list") or ())
    if low is not None or high is not None:
        return f"{column} {between(low, high)}".strip()
    if "value_set" in kwargs:
        return f"{column} in {', '.join(map(str, kwargs['value_set']))}"
    return f"{rule.type} {column}".strip()


def observed_text(result: Mapping[str, Any], *, zh: bool = False) -> str:
    """What Great Expectations saw: "3 of 400 rows (0.75 %)" or an aggregate."""
    if result.get("unexpected_count") is not None:
        bad, of = result["unexpected_count"], result.get("element_count") or 0
        share = f"{bad / of:.2%}" if of else "0 %"
        return f"{of:,} 行中有 {bad:,} 行（{share}）" if zh else f"{bad:,} of {of:,} rows ({share})"
    if "observed_value" in result:
        value = result["observed_value"]
        if isinstance(value, list):  # column names, for example
            return f"{len(value)} 个" if zh else f"{len(value)} values"
        return str(value)
    return ""


def profile_text(rule: Rule, row: Mapping[str, Any], *, zh: bool = False) -> str:
    """The numbers behind a rule on a profile: "200, usually 400 (50%)". What they count is said by
    the rule's description."""
    column = str(rule.kwargs.get("column", ""))
    for suffix in ("_ratio_beyond_noise", "_ratio"):
        if column.endswith(suffix):
            name = column.removesuffix(suffix)
            value, usual = number(row.get(name)), number(row.get(f"{name}_usual"))
            share = _percent(row.get(f"{name}_ratio"))
            if zh:
                return f"{value}，往期通常为 {usual}（{share}）"
            return f"{value}, usually {usual} ({share})"
    return ("，" if zh else ", ").join(number(row[c]) for c in _columns(rule) if c in row)


def number(value: Any) -> str:
    """A number for people: thousands apart, at most four significant decimals."""
    if value is None:
        return "?"
    if isinstance(value, (int, Decimal, float)):
        value = Decimal(value) if not isinstance(value, float) else Decimal(str(value))
        if value == value.to_integral_value():
            return f"{int(value):,}"
        return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4f}"
    return str(value)


def span(periods: Sequence[str]) -> str:
    """One period, or the first and the last: "2025-05..2026-10"."""
    ordered = sorted(periods)
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]}..{ordered[-1]}"


def _percent(value: Any) -> str:
    return "?" if value is None else f"{float(value):.0%}"


def _columns(rule: Rule) -> list[str]:
    kwargs = rule.kwargs
    pair = [kwargs[k] for k in ("column", "column_A", "column_B") if k in kwargs]
    return [*pair, *kwargs.get("column_list", ())]
