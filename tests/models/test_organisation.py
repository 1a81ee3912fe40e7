"""As-was and as-is agree in total at every level, whatever was reorganised."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from orchestration.settings import ROOT, Settings
from tests.models.warehouse import compiled, dbt, empty_warehouse, execute, rows

BUILT = (
    "org_succession", "dim_org_unit", "dim_org_unit_current", "int_org_unit__succession",
    "bridge_org_unit_succession", "dim_subscriber", "fct_subscriber_month",
    "dim_staff", "dim_post", "dim_virtual_team", "bridge_team_member", "bridge_staff_scope",
)  # fmt: skip

#: unit, parent, level, first and last month it is in the tree with this parent
TREE = [
    ("HQ", None, "hq", 6, 8),
    ("P", "HQ", "province", 6, 8),
    ("C1", "P", "city", 6, 8),
    ("C2", "P", "city", 6, 8),
    ("T1", "C1", "county", 6, 8),
    ("T2", "C1", "county", 6, 7),
    ("T3", "C2", "county", 6, 8),
    # merged into A2 in July
    ("A1", "T1", "area", 6, 6),
    ("A2", "T1", "area", 6, 8),
    # moved with its county's end in August, to another city
    ("A3", "T2", "area", 6, 7),
    ("A3", "T3", "area", 8, 8),
    # split in August: 0.75 to A5, new; the rest stays
    ("A4", "T2", "area", 6, 7),
    ("A4", "T1", "area", 8, 8),
    ("A5", "T3", "area", 8, 8),
    # right below its city, and closed in July without a successor
    ("A6", "C2", "area", 6, 6),
    # closed in August; its customers say to whom
    ("A7", "C1", "area", 6, 7),
]
SUCCESSION = [
    ("1", "A1", "A2", "merge", 1, 7),
    ("2", "A4", "A5", "split", 0.75, 8),
    ("3", "A4", "A4", "split", 0.25, 8),
    ("4", "T2", "T1", "merge", 1, 8),
    ("5", "A7", "A2", "split", None, 8),
    ("6", "A7", "A5", "split", None, 8),
]
#: subscriber and its area in June, July and August
SUBSCRIBERS = [
    ("S1", "A1", "A2", "A2"),
    ("S2", "A2", "A2", "A2"),
    ("S3", "A3", "A3", "A3"),
    ("S4", "A4", "A4", "A5"),
    ("S5", "A4", "A4", "A4"),
    ("S6", "A6", "A2", "A2"),
    ("S7", "A7", "A7", "A2"),
    ("S8", "A7", "A7", "A2"),
    ("S9", "A7", "A7", "A5"),
]
#: the city's costs of each area in yuan; T2 has 1,000 of its own
COSTS = {"A1": 10, "A2": 20, "A3": 40, "A4": 80, "A6": 160, "A7": 300, "T2": 1000}
#: how an area's June costs look by county and by city of that month: A6 has no county
WAS = {
    "county": {"T1": 30, "T2": 1120, "C1": 300, "C2": 160},
    "city": {"C1": 1450, "C2": 160},
}
#: and today: A1 is A2's; A3 in T3; of A4 60 in A5 (T3), 20 in T1; A6 stays where it was; of A7's
#: three customers two went to A2 (200, T1), one to A5 (100, T3); what T2 had is T1's
IS = {
    "county": {"T1": 10 + 20 + 20 + 200 + 1000, "T3": 40 + 60 + 100, "C2": 160},
    "city": {"C1": 1250, "C2": 360},
}


@pytest.fixture(scope="module")
def reorganised(installation: Settings) -> Iterator[Settings]:
    """Three months of a small organisation that was reorganised twice."""
    empty_warehouse(installation)
    for unit, parent, level, first, last in TREE:
        for month in range(first, last + 1):
            above = "null" if parent is None else f"'{parent}'"
            execute(
                installation,
                "insert into raw.hr__org_unit (org_unit_id, parent_id, level, org_unit_name,"
                " org_unit_name_en, sort_no, _period, _load_id) values"
                f" ('{unit}', {above}, '{level}', '{unit}', '{unit}', 1, '2026-0{month}-01', 1)",
            )
    for subscriber, *areas in SUBSCRIBERS:
        for month, area in enumerate(areas, start=6):
            execute(
                installation,
                "insert into raw.crm__subscriber (subscriber_id, msisdn, customer_name, brand,"
                " vip_level, opened_on, area_id, acquisition_channel, status, status_since,"
                " _period, _load_id) values"
                f" ('{subscriber}', '10000000000', '某', 'gotone', 'none', '2020-01-01', '{area}',"
                f" 'hall', 'on_net', '2020-01-01', '2026-0{month}-01', 1)",
            )
    assert dbt(installation, "seed") == {}
    for rule, old, new, kind, share, month in SUCCESSION:
        part = "null" if share is None else share
        execute(
            installation,
            f"insert into reference.org_succession values ('{rule}', '{old}', '{new}', '{kind}',"
            f" {part}, '2026-0{month}-01', 'ours', null)",
        )
    assert dbt(installation, "run", "--select", *(f"+{name}" for name in BUILT)) == {}
    costs = ", ".join(f"('2026-06-01'::date, '{a}', {amt})" for a, amt in COSTS.items())
    execute(
        installation,
        "create schema if not exists kept; drop table if exists kept.cost;"
        f"create table kept.cost as select * from (values {costs}) as c(stat_month, unit_id, amt)",
    )
    yield installation


def test_the_models_pass_their_tests(reorganised: Settings) -> None:
    models = [name for name in BUILT if not name.startswith("fct_")]
    assert dbt(reorganised, "test", "--select", *models, "--indirect-selection", "cautious") == {}


def as_is(settings: Settings, level: str, select: str, fact: str, joins: str) -> dict[str, float]:
    query = compiled(
        settings,
        f"select as_is_org.{level}_id, {select} from {fact}"
        f" {{{{ as_is_joins({joins}) }}}} group by 1",
    )
    return dict(rows(settings, query))


@pytest.mark.parametrize("level", ["county", "city"])
def test_costs_as_was_and_as_is(reorganised: Settings, level: str) -> None:
    was = rows(
        reorganised,
        f"select org.{level}_id, sum(cost.amt) from kept.cost join core.dim_org_unit as org"
        " on org.stat_month = cost.stat_month and org.org_unit_id = cost.unit_id group by 1",
    )
    assert dict(was) == WAS[level]
    found = as_is(reorganised, level, "sum(cost.amt * as_is.weight)", "kept.cost as cost",
                  "'cost', 'unit_id'")  # fmt: skip
    assert {unit: round(amt, 6) for unit, amt in found.items()} == IS[level]
    assert sum(WAS[level].values()) == sum(IS[level].values()) == sum(COSTS.values())


def test_customers_follow_themselves(reorganised: Settings) -> None:
    """In June nine customers; today S4 and S9 are in A5, S3 in A3, S5 in A4, the others in A2."""
    found = as_is(
        reorganised, "area", "sum(as_is.weight)",
        "(select * from core.fct_subscriber_month where stat_month = '2026-06-01') as fact",
        "'fact', 'area_id', subscriber='subscriber_id'",
    )  # fmt: skip
    assert found == {"A2": 5, "A3": 1, "A4": 1, "A5": 2}


@pytest.mark.parametrize("level", ["hq", "province", "city", "county"])
def test_totals_agree_at_every_level(reorganised: Settings, level: str) -> None:
    """Nothing is lost or counted twice in any month, at any level a unit has."""
    found = rows(
        reorganised,
        f"""
        select was.stat_month, was.units, today.units
        from (select stat_month, count({level}_id)::numeric as units from core.dim_org_unit
              where level = 'area' group by 1) as was
        join (select was.stat_month, sum(bridge.weight) as units
              from core.dim_org_unit as was
              join core.bridge_org_unit_succession as bridge using (stat_month, org_unit_id)
              join core.dim_org_unit_current as org
                on org.org_unit_id = bridge.org_unit_id_current and org.{level}_id is not null
              where was.level = 'area' group by 1) as today using (stat_month)
        order by 1
        """,
    )
    assert [row[1] for row in found] == [6, 4, 4]
    assert all(was == today for _, was, today in found)


QUERIES = re.findall(
    r"```sql\n(.*?)```", (ROOT / "docs/analysts.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("query", [q for q in QUERIES if "core." in q], ids=lambda q: q[:30])
def test_the_queries_for_analysts_run(reorganised: Settings, query: str) -> None:
    rows(reorganised, query)


def test_the_analysts_example_has_one_total(reorganised: Settings) -> None:
    [query] = [q for q in QUERIES if "today's organisation" in q]
    execute(
        reorganised,
        "update core.fct_subscriber_month set billed_amt = right(subscriber_id, 1)::int",
    )
    found = {unit: (was, now) for unit, was, now in rows(reorganised, query)}
    # S1 and S2 in T1, S3 to S5 in T2, S6 right below C2, S7 to S9 right below C1; today S1, S2, S5,
    # S6, S7, S8 are in T1 and S3, S4, S9 in T3
    assert found == {"C1": (24, 0), "C2": (6, 0), "T1": (3, 29), "T2": (12, 0), "T3": (0, 16)}


#: a fault in a table, and the test that must see it
FAULTS = {
    "shares that do not add up": (
        "update reference.org_succession set share = 0.7 where rule_id = '2'",
        "adds_up_to_one_org_succession",
    ),
    "a unit that ended and is still there": (
        "insert into core.int_org_unit__succession"
        " values ('2026-07-01', 'A3', 'A2', 'merge', 1, false, '1900-01-01')",
        "succession_is_in_the_trees",
    ),
    "a successor that is not there": (
        "update core.int_org_unit__succession set to_unit_id = 'A9' where from_unit_id = 'A1'",
        "succession_is_in_the_trees",
    ),
    "a weight too many": (
        "insert into core.bridge_org_unit_succession values ('2026-06-01', 'A2', 'A3', 0.1, true)",
        "adds_up_to_one_bridge_org_unit_succession",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_succession_is_refused(reorganised: Settings, name: str) -> None:
    fault, expected = FAULTS[name]
    execute(reorganised, fault)
    failed = dbt(reorganised, "test", "--select", *BUILT[:5], "--indirect-selection", "cautious")
    assert [test for test in failed if test.startswith(expected)], failed
