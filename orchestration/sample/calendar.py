"""Months of the sample, and what the calendar does to a telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

#: the last month of the sample; fixed, so that the files never depend on the day they are made
LAST_MONTH = date(2026, 10, 1)

#: first day of Spring Festival (public calendar), for every year a sample may cover
SPRING_FESTIVAL = {
    2021: date(2021, 2, 12),
    2022: date(2022, 2, 1),
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
}


@dataclass(frozen=True)
class Month:
    """One business month: its first day and what it holds."""

    first: date

    @property
    def days(self) -> int:
        return (self.next.first - self.first).days

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Month:
        year, month = divmod(self.first.year * 12 + self.first.month, 12)
        return Month(date(year, month + 1, 1))

    @property
    def period(self) -> str:
        """As in file names and on the command line: ``2026-10``."""
        return f"{self.first:%Y-%m}"

    @property
    def festival(self) -> float:
        """Share of the Spring Festival travel season (8 days before to 8 after) in this month."""
        start = SPRING_FESTIVAL.get(self.first.year)
        if start is None:
            return 0.0
        season = [start + timedelta(days=d) for d in range(-8, 9)]
        return sum(self.first <= d <= self.last for d in season) / len(season)

    @property
    def holiday(self) -> float:
        """How much of a travelling month this is besides Spring Festival: October, July, August."""
        return {10: 1.0, 7: 0.5, 8: 0.5, 5: 0.4}.get(self.first.month, 0.0)


def months(count: int) -> list[Month]:
    """The ``count`` months that end with ``LAST_MONTH``, oldest first."""
    start = LAST_MONTH.year * 12 + LAST_MONTH.month - count
    return [Month(date((start + i) // 12, (start + i) % 12 + 1, 1)) for i in range(count)]
