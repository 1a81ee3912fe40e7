"""Business hours of the sample operator: Monday to Friday, nine to six, without the holidays.

Work is measured in business seconds since the first day known; that makes "three working hours
later" an addition. Make-up working days at weekends are left out.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from orchestration.sample.calendar import SPRING_FESTIVAL, Month
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, moments

OPENS, DAY, HOUR = 9 * 3600, 9 * 3600, 3600
#: later than any moment of a sample, in seconds since 1970
NEVER = 2**40


def is_holiday(day: date) -> bool:
    """Whether ``day`` is one of the fixed holidays or in the week of Spring Festival."""
    festival = SPRING_FESTIVAL.get(day.year)
    if festival and -1 <= (day - festival).days <= 6:
        return True
    fixed = {1: range(1, 2), 4: range(4, 7), 5: range(1, 6), 10: range(1, 8)}
    return day.day in fixed.get(day.month, ())


class WorkingTime:
    """The business days from the first of ``span`` to half a year after its last."""

    def __init__(self, span: list[Month]) -> None:
        count = (span[-1].last - span[0].first).days + 400
        every = [span[0].first + timedelta(days=d) for d in range(count)]
        self.days = np.array(
            [day_number(d) for d in every if d.weekday() < 5 and not is_holiday(d)], dtype=np.int64
        )

    def clock(self, offset: np.ndarray) -> np.ndarray:
        """Seconds since 1970 (local) of business seconds ``offset``; far ones are the last day."""
        place = np.minimum(offset // DAY, len(self.days) - 1).astype(np.int64)
        return self.days[place] * 86400 + OPENS + (offset % DAY).astype(np.int64)

    def offset(self, clock: np.ndarray) -> np.ndarray:
        """Business seconds of moments; a moment outside business hours is the next opening."""
        day, second = clock // 86400, clock % 86400
        place = np.searchsorted(self.days, day)
        works = self.days[np.minimum(place, len(self.days) - 1)] == day
        return place * DAY + np.where(works, np.clip(second - OPENS, 0, DAY), 0)

    def after(self, clock: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """The moment ``seconds`` business seconds after ``clock``."""
        return self.clock(self.offset(clock) + seconds.astype(np.int64))

    def month(self, month: Month) -> np.ndarray:
        """The business days of ``month``, as days since 1970."""
        low, high = np.searchsorted(
            self.days, [day_number(month.first), day_number(month.next.first)]
        )
        return self.days[low:high]


def window(month: Month) -> tuple[int, int]:
    """First second of the month, and of the next."""
    return day_number(month.first) * 86400, day_number(month.next.first) * 86400


def in_months(clock: np.ndarray, span: list[Month]) -> np.ndarray:
    """Position of the month of each moment; len(span) for later ones, -1 for earlier."""
    starts = np.array([day_number(m.first) for m in [*span, span[-1].next]]) * 86400
    return np.searchsorted(starts, clock, side="right") - 1


def moments_by(clock: np.ndarray, end: int) -> pl.Series:
    """Local times; empty where they are not before ``end``, since nobody knows them yet."""
    made = moments(np.where(clock < end, clock, 0))
    return _known(made, clock < end)


def days_by(clock: np.ndarray, end: int) -> pl.Series:
    """Dates of moments; empty where they are not before ``end``."""
    return _known(days(np.where(clock < end, clock, 0) // 86400), clock < end)


def optional(values: pl.Series, known: np.ndarray) -> pl.Series:
    """``values``, empty where ``known`` is false."""
    return _known(values, known)


def _known(values: pl.Series, known: np.ndarray) -> pl.Series:
    return pl.select(pl.when(pl.Series(known)).then(values)).to_series()
