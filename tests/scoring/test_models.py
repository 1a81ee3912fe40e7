"""Properties of the scoring models: the SQL dbt compiled, on random scopes, actuals and targets.

The rule tables are the shipped ones. What the models read is laid under them as temporary tables.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.settings import Settings

Database = psycopg.Connection[Any]
MONTH = "2026-06-01"
CLOSE = Decimal("0.0005")
HALL_KPIS = [
    "hall_new_numbers", "hall_new_numbers_per_head", "hall_campaign_orders_per_head",
    "hall_routine_transactions_per_head", "hall_self_service_payment_share",
    "hall_echannel_promotions", "hall_inspection_score", "hall_sms_rating", "hall_complaint_rate",
    "county_score",
]  # fmt: skip
random_inputs = settings(
    max_examples=30,
    deadline=None,
    # the same examples every time, so that a spoilt model is noticed every time
    derandomize=True,
    phases=[Phase.generate],
    # what an example lays under the models is replaced by the next one
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
shares = st.decimals(0, 1, places=4)
#: a hall: type, grade, and per KPI an actual and a target (or none)
halls = st.tuples(
    st.sampled_from(["community_hall", "comprehensive_hall", "township_hall"]),
    st.sampled_from("ab"),
    st.fixed_dictionaries({kpi: st.none() | shares for kpi in HALL_KPIS}),
    st.none() | st.decimals(0, 2, places=4),
)
Hall = tuple[str, str, dict[str, Decimal | None], Decimal | None]


#: (model, what to replace, by what), while a test spoils a model on purpose
SPOILT: list[tuple[str, str, str]] = []


def compiled(scoring: Settings, model: str) -> str:
    """The SQL of ``model``, reading temporary tables instead of other models."""
    folder = scoring.home / "dbt/compiled/telmart/models/core/scoring"
    text = (folder / f"{model}.sql").read_text(encoding="utf-8")
    for spoilt, old, new in SPOILT:
        if spoilt == model:
            assert old in text, f"{model} has no {old!r} to spoil"
            text = text.replace(old, new)
    return re.sub(r'"\w+"\."(core|staging)"\."(\w+)"', r'pg_temp."\2"', text)


def lay(database: Database, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A temporary table like ``table`` (schema and name) with ``rows``."""
    name = table.split(".")[1]
    database.execute(f"drop table if exists pg_temp.{name}")
    database.execute(f"create temp table {name} as table {table} with no data")
    for row in rows:
        database.execute(
            f"insert into pg_temp.{name} ({', '.join(row)})"
            f" values ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )


def build(database: Database, scoring: Settings, model: str) -> list[dict[str, Any]]:
    """Compute ``model`` into a temporary table of its name, and its rows."""
    database.execute(f"drop table if exists pg_temp.{model}")
    database.execute(f"create temp table {model} as {compiled(scoring, model)}")
    cursor = database.execute(f"select * from pg_temp.{model}")
    names = [column.name for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


Scored = tuple[dict[tuple[str, str], dict[str, Any]], dict[str, dict[str, Any]]]


def score(database: Database, scoring: Settings, named: Mapping[str, Hall]) -> Scored:
    """Items by (hall, KPI) and totals by hall."""
    database.rollback()  # an example that failed may have left its transaction open
    scope = {"stat_month": MONTH, "scope_type": "outlet"}
    lay(database, "core.int_scope__month", [
        {**scope, "scope_id": name, "scope_kind": kind, "scope_grade": grade, "is_active": True}
        for name, (kind, grade, _, _) in named.items()
    ])  # fmt: skip
    lay(database, "core.fct_kpi_actual", [
        {**scope, "scope_id": name, "kpi_code": kpi, "kpi_value": value}
        for name, (_, _, actuals, _) in named.items()
        for kpi, value in actuals.items() if value is not None
    ])  # fmt: skip
    lay(database, "core.fct_kpi_target", [
        {**scope, "scope_id": name, "kpi_code": "hall_new_numbers", "target_value": target,
         "target_version": "V1"}
        for name, (_, _, _, target) in named.items() if target is not None
    ])  # fmt: skip
    items = build(database, scoring, "fct_kpi_score")
    totals = build(database, scoring, "fct_scorecard_score")
    return {(i["scope_id"], i["kpi_code"]): i for i in items}, {t["scope_id"]: t for t in totals}


def named(members: list[Hall]) -> dict[str, Hall]:
    return {f"H{n}": hall for n, hall in enumerate(members)}


@random_inputs
@given(members=st.lists(halls, min_size=1, max_size=8))
def test_totals_follow_from_their_items(
    database: Database, scoring: Settings, members: list[Hall]
) -> None:
    items, totals = score(database, scoring, named(members))
    assert len(items) == len(members) * len(HALL_KPIS) and len(totals) == len(members)
    for name, total in totals.items():
        own = [item for (hall, _), item in items.items() if hall == name]
        for item in own:
            if item["score_rate"] is not None:
                assert item["floor_rate"] <= item["score_rate"] <= item["cap_rate"]
            points = 100 * item["counted_weight"] * (item["score_rate"] or 0)
            assert abs(points - item["points"]) < CLOSE, "a row explains its points"
        if total["total_points"] is None:
            assert not any(item["is_counted"] for item in own)
            continue
        assert 0 <= total["total_points"] <= 120, "no more than the highest cap"
        assert abs(sum(item["points"] for item in own) - total["total_points"]) < CLOSE
        parts: dict[str, Decimal] = defaultdict(Decimal)
        for item in own:
            parts[item["part"]] += item["counted_weight"]
        assert abs(sum(parts.values()) - 1) < CLOSE
        if all(parts.values()):
            assert abs(parts["city"] - Decimal("0.8")) < CLOSE, "80 % stay the city's"


@random_inputs
@given(members=st.lists(halls, min_size=1, max_size=8), order=st.randoms())
def test_names_and_order_do_not_matter(
    database: Database, scoring: Settings, members: list[Hall], order: Any
) -> None:
    before = score(database, scoring, named(members))[1]
    places = list(range(len(members)))
    order.shuffle(places)
    after = score(database, scoring, named([members[place] for place in places]))[1]
    for new, old in enumerate(places):
        for column in ("total_points", "rank_no", "rank_group_cnt"):
            assert after[f"H{new}"][column] == before[f"H{old}"][column], column


@random_inputs
@given(members=st.lists(halls, min_size=1, max_size=8))
def test_ranks_count_who_is_better(
    database: Database, scoring: Settings, members: list[Hall]
) -> None:
    totals = score(database, scoring, named(members + members[:2]))[1].values()  # with ties
    ranked = [t["total_points"] for t in totals if t["is_ranked"] and t["total_points"] is not None]
    for total in totals:
        if total["is_ranked"] and total["total_points"] is not None:
            better = sum(other > total["total_points"] for other in ranked)
            assert (total["rank_no"], total["rank_group_cnt"]) == (better + 1, len(ranked))
        else:
            assert total["rank_no"] is None, "townships are scored and not ranked"


#: halls that are compared with each other in everything
peers = st.tuples(
    st.just("community_hall"),
    st.just("a"),
    st.fixed_dictionaries(dict.fromkeys(HALL_KPIS, shares)),
    st.none() | st.decimals(0, 2, places=4),
)


@random_inputs
@given(
    members=st.lists(peers | halls, min_size=2, max_size=6),
    kpi=st.sampled_from(HALL_KPIS) | st.just("hall_complaint_rate"),
    more=st.decimals("0.01", 1, places=4),
)
def test_improving_never_costs_points(
    database: Database, scoring: Settings, members: list[Hall], kpi: str, more: Decimal
) -> None:
    """A higher actual (a lower complaint rate) leaves the total as it is or lifts it."""
    kind, grade, actuals, target = members[0]
    if actuals[kpi] is None:
        return
    before = score(database, scoring, named(members))[1]["H0"]["total_points"]
    step = -min(more, actuals[kpi]) if kpi == "hall_complaint_rate" else more
    better: Hall = (kind, grade, {**actuals, kpi: actuals[kpi] + step}, target)
    after = score(database, scoring, named([better, *members[1:]]))[1]["H0"]["total_points"]
    # a score of none at all has nothing to compare
    assert before is None or after >= before - CLOSE


def test_fewer_complaints_score_more(database: Database, scoring: Settings) -> None:
    """0.02 is the best of three: 0.02 / 0.02, 0.02 / 0.04, 0.02 / 0.08."""
    nothing = dict.fromkeys(HALL_KPIS)
    three: list[Hall] = [
        ("community_hall", "a", {**nothing, "hall_complaint_rate": Decimal(rate)}, None)
        for rate in ("0.02", "0.04", "0.08")
    ]
    items = score(database, scoring, named(three))[0]
    rates = [items[f"H{n}", "hall_complaint_rate"]["score_rate"] for n in range(3)]
    assert rates == [1, Decimal("0.5"), Decimal("0.25")]


UNITS = {"C1": ("city", None), "X1": ("county", "C1"), "X2": ("county", "C1"),
         "A1": ("area", "X1"), "A2": ("area", "X1"), "A3": ("area", "X2")}  # fmt: skip
worked = st.lists(
    st.tuples(
        st.sampled_from(["E1", "E2", "E3", "-"]),
        st.sampled_from(["A1", "A2", "A3"]),
        st.integers(0, 50),
        st.integers(0, 50),
    ),
    max_size=15,
    unique_by=lambda part: part[:2],
)
HOME = {"E1": "A1", "E2": "A2", "E3": "A3"}


def line(unit: str) -> list[str]:
    """``unit`` and those above it."""
    above = UNITS[unit][1]
    return [unit, *(line(above) if above else [])]


@random_inputs
@given(parts=worked)
def test_units_are_recomputed_from_their_parts(
    database: Database, scoring: Settings, parts: list[tuple[str, str, int, int]]
) -> None:
    database.rollback()
    month = {"stat_month": MONTH}
    lay(database, "core.dim_org_unit", [
        {**month, "org_unit_id": unit, "level": level,
         **{f"{UNITS[above][0]}_id": above for above in line(unit)}}
        for unit, (level, _) in UNITS.items()
    ])  # fmt: skip
    lay(database, "core.int_scope__month", [
        {**month, "scope_type": "staff", "scope_id": who, "org_unit_id": unit}
        for who, unit in HOME.items()
    ])  # fmt: skip
    lay(database, "core.int_kpi_actual__staff", [
        {**month, "kpi_code": "work_order_on_time_rate", "scope_type": "staff", "scope_id": who,
         "area_id": area, "numerator": top, "denominator": bottom, "as_of_on": MONTH}
        for who, area, top, bottom in parts
    ])  # fmt: skip
    lay(database, "core.int_kpi_actual__channel", [])
    lay(database, "staging.stg_target__manual_score", [])
    found = {row["scope_id"]: row for row in build(database, scoring, "fct_kpi_actual")}

    wanted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for who, area, top, bottom in parts:
        scopes = line(HOME.get(who, area)) + ([who] if who in HOME else [])
        for scope in scopes:
            wanted[scope][0] += top
            wanted[scope][1] += bottom
    assert set(found) == set(wanted)
    for scope, (top, bottom) in wanted.items():
        value = found[scope]["kpi_value"]
        assert (found[scope]["numerator"], found[scope]["denominator"]) == (top, bottom)
        if not bottom:
            assert value is None
            continue
        assert abs(Fraction(value) - Fraction(top, bottom)) < Fraction(1, 10**9)


MUTANTS: dict[str, tuple[str, str, str, Any]] = {
    "ranks upside down": (
        "fct_scorecard_score", "order by total_points desc", "order by total_points",
        test_ranks_count_who_is_better,
    ),
    "equals do not share a rank": (
        "fct_scorecard_score", "rank() over", "row_number() over", test_ranks_count_who_is_better,
    ),
    "townships ranked": (
        "fct_scorecard_score", "is_ranked and total_points", "total_points",
        test_ranks_count_who_is_better,
    ),
    "units get averages": (
        "fct_kpi_actual", "sum(denominator) as", "avg(denominator) as",
        test_units_are_recomputed_from_their_parts,
    ),
    "nobody's work is lost": (
        "fct_kpi_actual", "coalesce(scopes.org_unit_id, parts.area_id)", "scopes.org_unit_id",
        test_units_are_recomputed_from_their_parts,
    ),
    "the city's weight flows to the county": (
        "fct_kpi_score", "over (partition by stat_month, scorecard_code, scope_type, scope_id,"
        " part)", "over (partition by stat_month, scorecard_code, scope_type, scope_id)",
        test_totals_follow_from_their_items,
    ),
    "no cap": ("fct_kpi_score", "least(cap_rate,", "greatest(0,",
               test_totals_follow_from_their_items),
    "compared by name": (
        "fct_kpi_score", "over (partition by stat_month, scorecard_code, kpi_code, peer_group)",
        "over (partition by stat_month, scorecard_code, kpi_code order by scope_id)",
        test_names_and_order_do_not_matter,
    ),
    "lower is better forgotten": (
        "fct_kpi_score", "direction = 'up'", "direction is not null",
        test_fewer_complaints_score_more,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_spoilt_model_is_noticed(database: Database, scoring: Settings, name: str) -> None:
    *mutant, holds = MUTANTS[name]
    SPOILT.append((mutant[0], mutant[1], mutant[2]))
    try:
        with pytest.raises((AssertionError, psycopg.Error, ExceptionGroup)):
            holds(database=database, scoring=scoring)
    finally:
        SPOILT.clear()
