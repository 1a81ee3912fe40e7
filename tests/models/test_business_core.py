"""Channel, work and contact facts: empty without their feeds, and the same however often a month
is processed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from orchestration.settings import ROOT, Settings
from tests.models.warehouse import (
    dbt,
    differences,
    empty_warehouse,
    execute,
    keep_copies,
    rows,
)

FOLDERS = ("channel", "work", "contact")
CORE = ROOT / "dbt_project/models/core"
#: what the models here are made of, and themselves
SELECTED = ("--select", *(f"+path:models/core/{folder}" for folder in FOLDERS))
TABLES = (
    "dim_channel",
    "dim_dealer",
    "fct_assignment_change",
    "fct_campaign_contact",
    "fct_hall_month",
)
#: the tables among them; the views read what is in the tables and need no second run
STORED = ("--select", "dim_org_unit", *TABLES)
#: five months of an outlet, two subscribers and a campaign that lists in one month, asks in others
HISTORY = """
insert into raw.hr__org_unit (org_unit_id, level, _period, _load_id)
select 'A1', 'area', m, 1 from generate_series('2026-05-01'::date, '2026-09-01', '1 month') as m;
insert into raw.channel__outlet (outlet_id, outlet_type, area_id, channel_manager_id, opened_on,
    updated_on, _period, _load_id)
select 'H1', 'community_hall', 'A1', 'M1', '2020-01-01', '2026-01-01', m, 1
from generate_series('2026-05-01'::date, '2026-09-01', '1 month') as m;
insert into raw.crm__subscriber (subscriber_id, area_id, account_manager_id, _period, _load_id)
select s, 'A1', 'E1', m, 1
from generate_series('2026-05-01'::date, '2026-09-01', '1 month') as m,
    unnest(array['S1', 'S2']) as s;
insert into raw.campaign__target (campaign_id, subscriber_id, list_version, is_control,
    _period, _load_id) values ('C1', 'S1', 1, false, '2026-05-01', 1);
insert into raw.campaign__contact (contact_id, campaign_id, subscriber_id, step_type, result_code,
    is_accepted, _period, _load_id)
select 'T' || to_char(m, 'MM'), 'C1', 'S1', 'contact', 'reached', false, m, 1
from generate_series('2026-05-01'::date, '2026-09-01', '1 month') as m;
"""


def models() -> list[Path]:
    """The SQL files of the three folders."""
    return sorted(path for folder in FOLDERS for path in (CORE / folder).glob("*.sql"))


@pytest.fixture(scope="module")
def without_feeds(installation: Settings) -> Settings:
    """Everything built while no feed has a row."""
    empty_warehouse(installation)
    assert dbt(installation, "seed") == {}
    assert dbt(installation, "run", "--full-refresh", *SELECTED) == {}
    return installation


def test_without_feeds_everything_is_there_and_empty(without_feeds: Settings) -> None:
    counts = {
        path.stem: rows(without_feeds, f"select count(*) from core.{path.stem}")[0][0]
        for path in models()
    }
    assert len(counts) == len(models()) > 60
    assert {name for name, count in counts.items() if count} == set()


@pytest.fixture(scope="module")
def history(without_feeds: Settings) -> Iterator[Settings]:
    """A few rows of five months, built in full."""
    execute(without_feeds, HISTORY)
    assert dbt(without_feeds, "run", *STORED) == {}
    yield without_feeds


def test_listed_for_three_months(history: Settings) -> None:
    """A list of May is known in August and forgotten in September."""
    found = rows(history, "select stat_month, is_listed from core.fct_campaign_contact order by 1")
    assert found == [
        (date(2026, 5, 1), True),
        (date(2026, 6, 1), True),
        (date(2026, 7, 1), True),
        (date(2026, 8, 1), True),
        (date(2026, 9, 1), False),
    ]


def test_a_corrected_month_reaches_as_far_as_the_models_say(history: Settings) -> None:
    """The control group, a manager and a hall's area of May change: May to August are processed,
    and equal what processing everything gives; May alone would not do."""
    execute(
        history,
        "update raw.campaign__target set is_control = true where _period = '2026-05-01';"
        "update raw.crm__subscriber set account_manager_id = 'E2'"
        " where _period = '2026-05-01' and subscriber_id = 'S2';"
        "update raw.channel__outlet set area_id = 'A2' where _period = '2026-05-01'",
    )
    tables = [f"core.{table}" for table in TABLES]
    keep_copies(history, tables)
    assert dbt(history, "run", *STORED, months=[date(2026, 5, 1)]) == {}
    alone = differences(history, tables)
    months = [date(2026, month, 1) for month in (5, 6, 7, 8)]
    assert dbt(history, "run", *STORED, months=months) == {}
    reached = differences(history, tables)
    keep_copies(history, tables)
    assert dbt(history, "run", *STORED) == {}
    assert differences(history, tables) == {}

    # rows that changed, before and after: the steps of one month, then of four
    assert (alone["core.fct_campaign_contact"], reached["core.fct_campaign_contact"]) == (2, 8)
    # in May S2 has E2 instead of E1 and H1 stands elsewhere; in June S2 comes to E1 anew
    assert (alone["core.fct_assignment_change"], reached["core.fct_assignment_change"]) == (4, 5)
    assert (alone["core.dim_channel"], alone["core.fct_hall_month"]) == (2, 2)
    assert rows(
        history,
        "select assigned_id, staff_id, valid_from from core.fct_assignment"
        " where assigned_type = 'subscriber' order by 1, 3",
    ) == [
        ("S1", "E1", date(2026, 5, 1)),
        ("S2", "E2", date(2026, 5, 1)),
        ("S2", "E1", date(2026, 6, 1)),
    ]
