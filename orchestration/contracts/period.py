"""Periods: how ``2026-10``, ``2026-10-15`` and ``full`` become dates and partition names."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from orchestration.contracts.feed import Feed
from orchestration.errors import TelmartError

_FORMS = {"month": r"\d{4}-\d{2}", "day": r"\d{4}-\d{2}-\d{2}", "full": "full"}
_EXAMPLES = {"month": "2026-10", "day": "2026-10-15", "full": "full"}


@dataclass(frozen=True)
class Period:
    """One period of a feed. ``first`` and ``last`` are its first and last day, inclusive.

    For ``full`` they are what the contract says it covers, or None where it says nothing.
    """

    text: str
    kind: str
    first: date | None
    last: date | None

    @property
    def value(self) -> str:
        """The literal stored in ``_period``: the first day, or -infinity for ``full``."""
        return "-infinity" if self.kind == "full" else str(self.first)

    @property
    def tag(self) -> str:
        """The part of a partition's name that names the period: p202610, p20261015, pfull."""
        return "p" + self.text.replace("-", "")


def parse_period(feed: Feed, text: str) -> Period:
    """Read ``text`` as a period of ``feed``.

    Raises:
        TelmartError: it is not a period of this feed's kind.
    """
    kind = feed.period_kind
    wrong = TelmartError(
        f"{text!r} is not a period of {feed.name}: this feed comes by {kind}.",
        f"Write it like {_EXAMPLES[kind]}.",
    )
    if not re.fullmatch(_FORMS[kind], text):
        raise wrong
    if kind == "full":
        if feed.covers is None:
            return Period(text, kind, None, None)
        return Period(text, kind, month_start(feed.covers[0]), month_end(feed.covers[1]))
    try:
        if kind == "month":
            return Period(text, kind, month_start(text), month_end(text))
        day = date.fromisoformat(text)
    except ValueError:
        raise wrong from None
    return Period(text, kind, day, day)


def month_start(text: str) -> date:
    """First day of the month ``YYYY-MM``. ValueError if there is no such month."""
    return date.fromisoformat(text + "-01")


def month_end(text: str) -> date:
    """Last day of the month ``YYYY-MM``. ValueError if there is no such month."""
    first = month_start(text)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
