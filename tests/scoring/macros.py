"""The scoring macros, rendered without dbt; and what they must come to, in Python."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from jinja2 import Environment

from orchestration.settings import ROOT

SOURCE = (ROOT / "dbt_project/macros/scoring.sql").read_text(encoding="utf-8")
#: what divisions in the database may lose
TOLERANCE = Fraction(1, 10**9)


def macros(source: str = SOURCE) -> Any:
    """The macros of ``source``, each a function of SQL expressions that returns one."""
    return Environment(autoescape=False).from_string(source).module  # noqa: S701


def clipped_rate(module: Any) -> str:
    """SQL of the rate after floor and cap, over columns named like the macro's arguments."""
    rate = module.rate_against("actual", "base", "direction", "floor_rate", "cap_rate", "zero_base")
    return str(module.clip(rate, "floor_rate", "cap_rate"))


#: actual, base, direction, floor, cap, policy for a base of zero
Row = tuple[Decimal | None, Decimal | None, str, Decimal, Decimal, str]


def expected_rate(row: Row) -> Fraction | None:
    """The rate after floor and cap as docs/scoring.md has it, exactly; None is "no score"."""
    actual, base, direction, floor, cap, zero_base = row
    if actual is None or base is None:
        return None
    reached, aim = Fraction(actual), Fraction(base)
    if aim == 0:
        if zero_base == "not_scored":
            return None
        worse = reached < 0 if direction == "up" else reached > 0
        return Fraction(floor) if zero_base == "floor" or worse else Fraction(1)
    if aim < 0:
        better = reached - aim if direction == "up" else aim - reached
        rate = 1 + better / -aim
    elif direction == "up":
        rate = reached / aim
    else:
        rate = aim / reached if reached > 0 else Fraction(cap)
    return min(Fraction(cap), max(Fraction(floor), rate))


def near(found: Decimal | None, wanted: Fraction | None) -> bool:
    """Whether the database found what was wanted."""
    if found is None or wanted is None:
        return found is None and wanted is None
    return abs(Fraction(found) - wanted) <= TOLERANCE
