"""A history follows from the snapshots alone: any order, any correction, any gap.

The rows are compared with an oracle of a few lines that knows nothing of the SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.engine.databases import connect
from orchestration.settings import Settings
from tests.history.statements import TABLE, Statements, take_down
from tests.models.warehouse import dbt, empty_warehouse, execute, rows

MONTHS = [date(2026, month, 1) for month in range(1, 7)]
#: what can change of a group customer here: state, tier chosen (or never asked), employees
State = tuple[str, str | None, int]
Snapshot = dict[str, State]
Stretch = tuple[str, int, date, date | None, bool, *State]

# few of each, so that the same months and groups meet often
states = st.tuples(st.just("active"), st.sampled_from([None, "gold"]), st.integers(1, 2))
snapshots = st.dictionaries(st.sampled_from(["G1", "G2"]), states, max_size=2)
months = st.sampled_from(MONTHS[:4])


@dataclass
class World:
    """The warehouse, and what its raw table holds."""

    warehouse: psycopg.Connection[Any]
    statements: Statements
    loaded: dict[date, Snapshot] = field(default_factory=dict)

    def empty(self) -> None:
        self.warehouse.execute("delete from raw.crm__group_customer")
        self.warehouse.execute(f"truncate {TABLE}")  # type: ignore[arg-type]
        self.loaded = {}

    def load(self, month: date, snapshot: Snapshot) -> None:
        """Replace the snapshot of ``month``; an empty one is none."""
        self.warehouse.execute("delete from raw.crm__group_customer where _period = %s", [month])
        for group, (status, tier, employees) in snapshot.items():
            self.warehouse.execute(
                "insert into raw.crm__group_customer (group_id, group_name, industry_code,"
                " employees_cnt, area_id, opened_on, status, status_since_on, control_level,"
                " layer, market_position, economic_influence, ict_level, credit_class,"
                " entitled_tier, chosen_tier, alliance_stage, joint_investment_amt,"
                " has_complete_file, _period, _load_id) values (%s, 'n', 'C34', %s, 'A1',"
                " '2020-01-01', %s, '2020-01-01', 'city', 'key', 'leader', 3, 3, 'a', 'gold', %s,"
                " 'none', 0, true, %s, 1)",
                [group, employees, status, tier, month],
            )
        self.loaded.pop(month, None)
        if snapshot:
            self.loaded[month] = snapshot

    def process(self, *changed: date) -> None:
        self.statements.process(self.warehouse, changed)

    def table(self) -> list[Stretch]:
        query = (
            "select group_id, version_no, valid_from, valid_to, is_current, status, chosen_tier,"
            f" employees_cnt from {TABLE} order by group_id, valid_from"
        )
        return self.warehouse.execute(query).fetchall()  # type: ignore[arg-type]

    def check(self) -> None:
        """The table is what the snapshots say, row by row and month by month."""
        table = self.table()
        assert table == stretches(self.loaded)
        for month, snapshot in self.loaded.items():
            at = {r[0]: r[5:] for r in table if r[2] <= month and (r[3] is None or month < r[3])}
            assert at == snapshot, f"point in time {month}"
        for earlier, later in pairwise(table):
            if earlier[0] == later[0]:
                assert earlier[3] is not None and earlier[3] <= later[2], "no overlap"
        latest = self.loaded[max(self.loaded)] if self.loaded else {}
        assert sorted(r[0] for r in table if r[4]) == sorted(latest), "one open row each"


def stretches(loaded: dict[date, Snapshot]) -> list[Stretch]:
    """The history of ``loaded``, month after month."""
    made: list[list[Any]] = []
    timeline = sorted(loaded)
    for group in sorted({g for snapshot in loaded.values() for g in snapshot}):
        number, before = 0, None
        for month in timeline:
            state = loaded[month].get(group)
            if state != before:
                if before is not None:
                    made[-1][3:5] = [month, False]
                if state is not None:
                    number += 1
                    made.append([group, number, month, None, True, *state])
            before = state
    return [tuple(row) for row in made]


@pytest.fixture(scope="module")
def world(installation: Settings) -> Iterator[World]:
    empty_warehouse(installation)
    statements = take_down(installation)
    with connect(installation, autocommit=True) as warehouse:
        yield World(warehouse, statements)


PROPERTY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PROPERTY
@given(loads=st.lists(st.tuples(months, snapshots), min_size=1, max_size=7))
def test_every_load_leaves_the_history_of_what_is_loaded(
    world: World, loads: list[tuple[date, Snapshot]]
) -> None:
    """In any order, with months sent again, taken back, and missing for a while."""
    world.empty()
    for month, snapshot in loads:
        world.load(month, snapshot)
        world.process(month)
        world.check()


@PROPERTY
@given(
    loaded=st.fixed_dictionaries(dict.fromkeys(MONTHS[:4], snapshots)),
    corrections=st.dictionaries(months, st.one_of(st.just({}), snapshots), min_size=1),
    order=st.randoms(use_true_random=False),
)
def test_a_backlog_may_be_processed_in_any_order_and_in_batches(
    world: World, loaded: dict[date, Snapshot], corrections: dict[date, Snapshot], order: Any
) -> None:
    """Raw holds months that the history has not seen; in between it may be behind, never after."""
    world.empty()
    for changed in (loaded, corrections):
        for month, snapshot in changed.items():
            world.load(month, snapshot)
        waiting = list(changed)
        order.shuffle(waiting)
        while waiting:
            size = order.randint(1, len(waiting))
            world.process(*waiting[:size])
            waiting = waiting[size:]
    world.check()
    processed = world.table()
    world.statements.refresh(world.warehouse)
    assert world.table() == processed, "replay gives the same table"


def test_worked_by_hand(world: World) -> None:
    """G1 changes in March and is lost in May; G2 goes in February and is back in April."""
    world.empty()
    a, b, lost = ("active", None, 1), ("active", "gold", 1), ("lost", "gold", 1)
    jan, feb, mar, apr, may, _ = MONTHS
    history = {jan: {"G1": a, "G2": a}, feb: {"G1": a}, mar: {"G1": b}, apr: {"G1": b, "G2": a}}
    history[may] = {"G1": lost, "G2": a}
    for month in (may, feb, jan, apr, mar):
        world.load(month, history[month])
        world.process(month)
    assert world.table() == [
        ("G1", 1, jan, mar, False, *a),
        ("G1", 2, mar, may, False, *b),
        ("G1", 3, may, None, True, *lost),
        ("G2", 1, jan, feb, False, *a),
        ("G2", 2, apr, None, True, *a),
    ]


def test_a_month_taken_back_joins_what_it_kept_apart(world: World) -> None:
    """G1 was missing in February only. Without that snapshot nobody says that it ever was."""
    world.empty()
    a = ("active", None, 1)
    jan, feb, mar = MONTHS[:3]
    for month, snapshot in {jan: {"G1": a}, feb: {"G2": a}, mar: {"G1": a}}.items():
        world.load(month, snapshot)
        world.process(month)
    assert [row[:4] for row in world.table()] == [
        ("G1", 1, jan, feb), ("G1", 2, mar, None), ("G2", 1, feb, mar),
    ]  # fmt: skip
    world.load(feb, {})
    world.process(feb)
    assert [row[:4] for row in world.table()] == [("G1", 1, jan, None)]


def test_only_who_changed_is_made_anew(world: World) -> None:
    """What a month costs follows what changed in it: the others keep their very rows."""
    world.empty()
    same = {f"G{i}": ("active", None, 1) for i in range(50)}
    for month in MONTHS[:3]:
        world.load(month, dict(same))
    world.statements.refresh(world.warehouse)
    world.warehouse.execute(f"vacuum {TABLE}")  # type: ignore[arg-type]
    place = f"select group_id, ctid from {TABLE}"
    before = dict(world.warehouse.execute(place).fetchall())  # type: ignore[arg-type]
    world.load(MONTHS[3], same | {"G7": ("lost", None, 1)})
    world.process(MONTHS[3])
    after = world.warehouse.execute(place).fetchall()  # type: ignore[arg-type]
    assert {group for group, where in after if before[group] != where} == {"G7"}
    world.check()


def test_dbt_itself_gives_the_same(installation: Settings) -> None:
    """Both histories through dbt: month by month, backwards, and in full."""
    empty_warehouse(installation)
    execute(installation, _FILL)
    histories = ("--select", "+dim_group_customer_history", "+dim_account_history")
    assert dbt(installation, "seed", *histories) == {}
    assert dbt(installation, "run", *histories, "--full-refresh") == {}
    tables = {"dim_group_customer_history": "group_id", "dim_account_history": "account_id"}
    full = {t: rows(installation, f"select * from core.{t} order by 1, 2") for t in tables}
    assert all(full.values())
    for table in tables:
        execute(installation, f"truncate core.{table}")
    for month in reversed(MONTHS[:4]):
        assert dbt(installation, "run", "--select", *tables, months=[month]) == {}
    made = {t: rows(installation, f"select * from core.{t} order by 1, 2") for t in tables}
    assert made == full
    tests = ("test", "--select", *tables, "--exclude-resource-type", "unit_test")
    assert dbt(installation, *tests) == {}


#: forty of each, every one changing, leaving and returning in its own rhythm
_FILL = """
    insert into raw.crm__group_customer (group_id, group_name, industry_code, employees_cnt,
        area_id, opened_on, status, status_since_on, control_level, layer, market_position,
        economic_influence, ict_level, credit_class, entitled_tier, alliance_stage,
        joint_investment_amt, has_complete_file, _period, _load_id)
    select 'G' || g, 'n', 'C34', 1 + (m + g) / (1 + g % 4), 'A1', '2020-01-01', 'active',
        '2020-01-01', 'city', 'key', 'leader', 3, 3, 'a', 'gold', 'none', m, true,
        make_date(2026, m, 1), 1
    from generate_series(1, 4) as m, generate_series(1, 40) as g where (m * g) % 7 <> 3;
    insert into raw.boss__account (account_id, account_type, credit_class, credit_limit_amt,
        payment_method, is_unified_payment, term_days, opened_on, account_status, _period, _load_id)
    select 'A' || g, 'personal', 'a', 100 * ((m + g) / (1 + g % 4)), 'cash', false, 20,
        '2020-01-01', 'active', make_date(2026, m, 1), 1
    from generate_series(1, 4) as m, generate_series(1, 40) as g where (m * g) % 5 <> 2;
"""
