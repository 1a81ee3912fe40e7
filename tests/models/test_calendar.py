"""The calendar: its files are what the libraries say, and business time is what one counts."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration import calendar_files as files
from orchestration.settings import Settings
from tests.models.warehouse import compiled, dbt, empty_warehouse, execute, rows


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_text(row: Any) -> dict[str, str]:
    return {name: str(value) for name, value in row._asdict().items()}


@pytest.mark.fast
def test_the_lunar_months_are_what_the_library_says() -> None:
    assert table(files.LUNAR) == [as_text(m) for m in files.lunar_months(*files.calendar_years())]


@pytest.mark.fast
def test_lunar_months_follow_each_other() -> None:
    months = table(files.LUNAR)
    for month, following in itertools.pairwise(months):
        end = date.fromisoformat(month["starts_on"]) + timedelta(days=int(month["days_cnt"]))
        assert end == date.fromisoformat(following["starts_on"])


@pytest.mark.fast
@pytest.mark.parametrize(
    "day",
    ["2015-02-19", "2020-01-25", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17"],
)
def test_spring_festivals_of_known_years(day: str) -> None:
    found = [m for m in table(files.LUNAR) if m["starts_on"][:4] == day[:4]]
    first = [m for m in found if m["lunar_month_no"] == "1" and m["is_leap_month"] == "false"]
    assert [m["starts_on"] for m in first] == [day]


@pytest.mark.fast
def test_leap_months_of_known_years() -> None:
    leap = {m["lunar_year_no"]: m["lunar_month_no"] for m in table(files.LUNAR)
            if m["is_leap_month"] == "true"}  # fmt: skip
    assert leap == {"2014": "9", "2017": "6", "2020": "4", "2023": "2", "2025": "6", "2028": "5",
                    "2031": "3"}  # fmt: skip


@pytest.mark.fast
def test_announced_holidays_are_what_the_library_says() -> None:
    """Of the years it knows; a notice may be entered by hand before the library has it."""
    known = files.announced(files.calendar_years()[0])
    years = {str(p.from_on.year) for p in known}
    assert {"2014", "2024", "2025", "2026"} <= years
    ours = [h for h in table(files.HOLIDAYS) if h["from_on"][:4] in years]
    assert ours == [as_text(p) for p in known]


@pytest.mark.fast
def test_expected_holidays_are_the_statutory_days() -> None:
    later = [h for h in table(files.HOLIDAYS) if h["state"] == "expected"]
    years = {int(h["from_on"][:4]) for h in later}
    assert later == [as_text(p) for p in files.expected(sorted(years))]
    every = {int(h["from_on"][:4]) for h in table(files.HOLIDAYS)}
    first, last = files.calendar_years()
    assert every == set(range(first, last + 1))


@pytest.mark.fast
def test_the_notice_for_2026() -> None:
    """State Council, 4 November 2025, typed from the notice."""
    found = {
        h["day_type"] + " " + h["from_on"]: h["to_on"]
        for h in table(files.HOLIDAYS)
        if h["from_on"].startswith("2026")
    }
    assert found == {
        "holiday 2026-01-01": "2026-01-03",
        "make_up_workday 2026-01-04": "2026-01-04",
        "make_up_workday 2026-02-14": "2026-02-14",
        "holiday 2026-02-15": "2026-02-23",
        "make_up_workday 2026-02-28": "2026-02-28",
        "holiday 2026-04-04": "2026-04-06",
        "holiday 2026-05-01": "2026-05-05",
        "make_up_workday 2026-05-09": "2026-05-09",
        "holiday 2026-06-19": "2026-06-21",
        "make_up_workday 2026-09-20": "2026-09-20",
        "holiday 2026-09-25": "2026-09-27",
        "holiday 2026-10-01": "2026-10-07",
        "make_up_workday 2026-10-10": "2026-10-10",
    }


MODELS = "dim_date dim_month dim_period int_business_day__cumulative"


@pytest.fixture(scope="module")
def calendar(installation: Settings) -> Iterator[Settings]:
    """The calendar alone, built and tested."""
    empty_warehouse(installation)
    selected = [f"+{model}" for model in MODELS.split()]
    only = ("--indirect-selection", "cautious")
    assert dbt(installation, "build", "--select", *selected, *only) == {}
    yield installation


#: from, to, calendar, minutes; counted by hand
SPANS = {
    "within a day": ("2026-10-13 09:30", "2026-10-13 11:00", "office", 90),
    # Friday 17:00-18:00 and Monday 09:00-10:00
    "over a weekend": ("2026-10-16 17:00", "2026-10-19 10:00", "office", 120),
    # Friday 13 Feb 17:00-18:00; Saturday 14 is worked, 540; 15 to 23 holiday; Tuesday 24, 60
    "over Spring Festival": ("2026-02-13 17:00", "2026-02-24 10:00", "office", 60 + 540 + 60),
    # Saturday 28 Feb is worked, 540; Sunday is not; Monday 2 March to 10:00
    "over a make-up Saturday": ("2026-02-27 18:00", "2026-03-02 10:00", "office", 540 + 60),
    "within a make-up Saturday": ("2026-02-28 10:00", "2026-02-28 12:00", "office", 120),
    "an ordinary Saturday": ("2026-10-17 10:00", "2026-10-17 12:00", "office", 0),
    "start before opening": ("2026-10-13 07:00", "2026-10-13 09:20", "office", 20),
    "start after closing": ("2026-10-13 20:00", "2026-10-14 09:20", "office", 20),
    "end after closing": ("2026-10-13 17:30", "2026-10-13 23:00", "office", 30),
    "start in a holiday": ("2026-10-03 12:00", "2026-10-08 09:15", "office", 15),
    "no time at all": ("2026-10-13 10:00", "2026-10-13 10:00", "office", 0),
    "half a minute": ("2026-10-13 10:00:00", "2026-10-13 10:00:30", "office", 0.5),
    "fractions of a second do not count": ("2026-10-13 10:00:00.9", "2026-10-13 10:01:00.1",
                                           "office", 1),
    "round the clock": ("2026-02-16 23:00", "2026-02-18 01:00", "24x7", 60 + 1440 + 60),
    "end before start": ("2026-10-13 11:00", "2026-10-13 09:30", "office", None),
    "not ended": ("2026-10-13 11:00", None, "office", None),
    "hours nobody knows": ("2026-10-13 09:30", "2026-10-13 11:00", "factory", None),
    "outside the calendar": ("2011-10-13 09:30", "2026-10-13 11:00", "office", None),
}  # fmt: skip


def test_business_minutes_are_what_one_counts(calendar: Settings) -> None:
    execute(
        calendar,
        "create schema if not exists kept; drop table if exists kept.span;"
        "create table kept.span (name text, f timestamp, t timestamp, calendar_id text);",
    )
    for name, (start, end, hours, _) in SPANS.items():
        shown = "null" if end is None else f"'{end}'"
        execute(calendar, f"insert into kept.span values ('{name}', '{start}', {shown}, '{hours}')")
    query = compiled(
        calendar,
        "select name, {{ business_minutes('s.f', 's.t', 'a', 'b') }} from kept.span as s"
        " {{ business_day_join('a', 's.f', 's.calendar_id') }}"
        " {{ business_day_join('b', 's.t', 's.calendar_id') }}",
    )
    assert dict(rows(calendar, query)) == {name: span[3] for name, span in SPANS.items()}


def test_years_have_the_working_days_the_notices_leave(calendar: Settings) -> None:
    """2026: 365 days less 104 on weekends, less 19 free on weekdays, plus 6 worked on weekends."""
    found = rows(
        calendar,
        "select year_no, sum(workdays_cnt) from core.dim_month where year_no between 2024 and 2026"
        " group by year_no order by year_no",
    )
    assert found == [(2024, 251), (2025, 248), (2026, 248)]
    [(minutes,)] = rows(
        calendar,
        "select sum(business_min) from core.int_business_day__cumulative"
        " where calendar_id = 'office' and date_day between '2026-01-01' and '2026-12-31'",
    )
    assert minutes == 248 * 540


def test_aligned_months_lose_and_double_nothing(calendar: Settings) -> None:
    """Each year's twelve aligned months are the twelve of the year before, in another order."""
    wrong = rows(
        calendar,
        "select year_no from core.dim_month group by year_no"
        " having min(year_ago_month_aligned) <> min(year_ago_month)"
        " or max(year_ago_month_aligned) <> max(year_ago_month)"
        " or count(distinct year_ago_month_aligned) <> 12",
    )
    assert wrong == []
    shifted = rows(
        calendar,
        "select year_no from core.dim_month where is_spring_festival_shifted and month_no = 1"
        " and year_no between 2020 and 2026 order by year_no",
    )
    # festivals 2019-02-05, 2020-01-25, 2021-02-12, 2022-02-01, 2023-01-22, 2024-02-10, 2025-01-29
    assert shifted == [(2020,), (2021,), (2023,), (2024,), (2025,), (2026,)]


#: a fault in reference.<table>, and the test that must fail
FAULTS = {
    "a make-up workday on a Monday": (
        "holiday",
        "insert into {t} select 'x', 'make_up_workday', holiday_code, holiday_name,"
        " holiday_name_en, '2026-03-02', '2026-03-02', state, source from {t} limit 1",
        "a_make_up_workday_is_on_a_weekend",
    ),
    "two holidays on a day": (
        "holiday",
        "update {t} set to_on = '2026-09-25' where holiday_id = 'w20260920'",
        "days_do_not_overlap_holiday",
    ),
    "a planning year in month 13": (
        "calendar_rule",
        "update {t} set value = 13 where parameter = 'planning_year_starts_in_month'",
        "expression_holds_calendar_rule",
    ),
    "closing before opening": (
        "business_hours",
        "update {t} set closes_at = '08:00' where rule_id = 'office_mon'",
        "expression_holds_business_hours",
    ),
    "hours that overlap": (
        "business_hours",
        "insert into {t} select 'x', calendar_id, day_kind, '12:00', '20:00', valid_from, valid_to,"
        " source, note from {t} where rule_id = 'office_mon'",
        "at_most_two_sessions_a_day",
    ),
    "a lunar month too long": (
        "lunar_month",
        "update {t} set days_cnt = 30 where starts_on = '2026-01-19'",
        "days_do_not_overlap_lunar_month",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_table_is_refused(calendar: Settings, name: str) -> None:
    seed, fault, expected = FAULTS[name]
    whole = f"reference.{seed}"
    execute(calendar, f"drop table if exists core.kept; create table core.kept as table {whole}")
    execute(calendar, fault.format(t=whole))
    try:
        failed = dbt(calendar, "test", "--select", f"{seed},resource_type:seed")
        failed |= dbt(
            calendar, "build", "--select", *MODELS.split(), "--indirect-selection", "cautious",
            "--exclude-resource-type", "unit_test",
        )  # fmt: skip
    finally:
        execute(calendar, f"truncate {whole}; insert into {whole} table core.kept")
    assert [test for test in failed if test.startswith(expected)], failed
