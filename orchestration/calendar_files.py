"""Write what libraries know of the calendar: ``python -m orchestration.calendar_files``.

* ``seeds/codes/lunar_month.csv``: the months of the lunar calendar (农历), from ``cnlunar``.
* ``seeds/reference/holiday.csv``: holidays (放假) and make-up workdays (调休上班): as the State
  Council announced them, from ``chinesecalendar``; for later years the statutory days, expected.

Both libraries are for development only; the warehouse reads the files. Run it each November, after
the notice for the next year and a release of ``chinesecalendar`` that has it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import yaml

from orchestration.settings import ROOT

LUNAR = ROOT / "seeds/codes/lunar_month.csv"
HOLIDAYS = ROOT / "seeds/reference/holiday.csv"
DAY = timedelta(days=1)

#: code, Chinese and English name; the library's own name where it differs from ours
NAMES = {
    "New Year's Day": ("new_year", "元旦", "New Year's Day"),
    "Spring Festival": ("spring_festival", "春节", "Spring Festival"),
    "Tomb-sweeping Day": ("qingming", "清明节", "Tomb-Sweeping Day"),
    "Labour Day": ("labour_day", "劳动节", "Labour Day"),
    "Dragon Boat Festival": ("dragon_boat", "端午节", "Dragon Boat Festival"),
    "Mid-autumn Festival": ("mid_autumn", "中秋节", "Mid-Autumn Festival"),
    "National Day": ("national_day", "国庆节", "National Day"),
    "Anti-Fascist 70th Day": ("victory_day", "抗战胜利纪念日", "Victory Day"),
}


class LunarMonth(NamedTuple):
    """A month of the lunar calendar; ``starts_on`` is its first day (初一)."""

    starts_on: date
    lunar_year_no: int
    lunar_month_no: int
    is_leap_month: str
    days_cnt: int


class Period(NamedTuple):
    """Days in a row that are a holiday, or a weekend day that is worked for one."""

    holiday_id: str
    day_type: str
    holiday_code: str
    holiday_name: str
    holiday_name_en: str
    from_on: date
    to_on: date
    state: str
    source: str


def calendar_years() -> tuple[int, int]:
    """First and last year of the calendar, as ``dbt_project.yml`` has it."""
    given = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text())["vars"]
    return int(given["calendar_from"][:4]), int(given["calendar_to"][:4])


def lunar_months(first_year: int, last_year: int) -> list[LunarMonth]:
    """From the Spring Festival of the year before ``first_year`` to the one after ``last_year``.

    So every day of the calendar has a festival before it and one after it.
    """
    found = []
    day = _spring_festival(first_year - 1)
    end = _spring_festival(last_year + 1)
    while day <= end:
        lunar = _lunar(day)
        # a lunar month has 29 or 30 days
        days = 29 if _lunar(day + 29 * DAY).lunarDay == 1 else 30
        leap = "true" if lunar.isLunarLeapMonth else "false"
        found.append(LunarMonth(day, lunar.lunarYear, lunar.lunarMonth, leap, days))
        day += days * DAY
    return found


def announced(first_year: int) -> list[Period]:
    """Holidays and make-up workdays of every year the library knows, from ``first_year`` on."""
    from chinese_calendar import constants  # noqa: PLC0415 - for development only

    off = {d: str(name) for d, name in constants.holidays.items() if d.year >= first_year}
    worked = {d: str(name) for d, name in constants.workdays.items() if d.year >= first_year}
    periods = [
        *_periods(off, "holiday", "announced", "state_council"),
        *_periods(worked, "make_up_workday", "announced", "state_council"),
    ]
    return sorted(periods, key=lambda p: p.from_on)


def expected(years: Iterable[int]) -> list[Period]:
    """The statutory days (as of the decree in force since 2025) of years not announced yet.

    Which days around them are free or worked instead nobody knows before the notice.
    """
    periods: list[Period] = []
    for year in years:
        festival = _spring_festival(year)
        off: dict[date, str] = {}
        for name, first, days in (
            ("New Year's Day", date(year, 1, 1), 1),
            ("Spring Festival", festival - DAY, 4),
            ("Tomb-sweeping Day", _qingming(year), 1),
            ("Labour Day", date(year, 5, 1), 2),
            ("Dragon Boat Festival", _lunar_day(year, 5, 5), 1),
            ("Mid-autumn Festival", _lunar_day(year, 8, 15), 1),
            ("National Day", date(year, 10, 1), 3),
        ):
            for n in range(days):
                off.setdefault(first + n * DAY, name)
        periods += _periods(off, "holiday", "expected", "ours")
    return periods


def write() -> list[Path]:
    """Write both files; returns them."""
    first, last = calendar_years()
    known = announced(first)
    later = expected(range(known[-1].from_on.year + 1, last + 1))
    _write(LUNAR, LunarMonth._fields, lunar_months(first, last))
    _write(HOLIDAYS, Period._fields, [*known, *later])
    return [LUNAR, HOLIDAYS]


def _periods(days: dict[date, str], day_type: str, state: str, source: str) -> Iterator[Period]:
    """Days of the same name that follow each other, as one period each."""
    for first in sorted(days):
        if days.get(first - DAY) == days[first]:
            continue
        last = first
        while days.get(last + DAY) == days[first]:
            last += DAY
        prefix = "h" if day_type == "holiday" else "w"
        called = NAMES[days[first]]
        yield Period(f"{prefix}{first:%Y%m%d}", day_type, *called, first, last, state, source)


def _lunar(day: date):  # type: ignore[no-untyped-def]
    import cnlunar  # noqa: PLC0415 - for development only

    return cnlunar.Lunar(datetime(day.year, day.month, day.day))


def _spring_festival(year: int) -> date:
    return _lunar_day(year, 1, 1)


def _lunar_day(year: int, month: int, day_of_month: int) -> date:
    """The day in ``year``; a leap month has no festivals."""
    day = date(year, 1, 20)
    while True:
        lunar = _lunar(day)
        found = (lunar.lunarYear, lunar.lunarMonth, lunar.lunarDay, bool(lunar.isLunarLeapMonth))
        if found == (year, month, day_of_month, False):
            return day
        day += DAY


def _qingming(year: int) -> date:
    """The day of the solar term 清明: the fourth, fifth or sixth of April."""
    days = [date(year, 4, n) for n in (4, 5, 6)]
    return next(day for day in days if _lunar(day).todaySolarTerms == "清明")


def _write(path: Path, header: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    print("\n".join(str(path.relative_to(ROOT)) for path in write()))
