"""Every number about group and individual customers equals that recomputed from extract files.

All rows and columns of the marts, and every metric declared for them at every level
(province, city, county, area, account manager) in every month.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import polars as pl
import pytest
from psycopg import Connection

from orchestration.engine.databases import connect
from orchestration.settings import ROOT
from tests.metrics.customer_value.conftest import MONTHS, Valued
from tests.metrics.customer_value.metrics import (
    APPLICATION_MONTH,
    AREA_MONTH,
    CHANNELS,
    GRADE_MONTH,
    GROUP_MONTH,
    KINDS,
    LEVELS,
    MARTS,
    MODEL_PAIR,
    NEEDS,
    OFFER_MONTH,
    OPERATOR_AREA,
    OPERATOR_MONTH,
    PLACES,
    RATIOS,
    SEGMENT_MONTH,
    SELF_SERVICE,
    SUMS,
    VIP_MONTH,
    WARNING,
    keys,
    recomputed,
)
from tests.metrics.customer_value.offers import FACTORS
from tests.metrics.customer_value.people import DIMENSIONS, People
from tests.metrics.customer_value.warnings import REASONS
from tests.metrics.rule_tables import Rules
from tests.metrics.served import columns_of, mart_yaml, metrics_of, metrics_yaml, query
from tests.models.warehouse import dbt, execute

SCHEMA = "build"
#: in the sample everybody has a bill and use, and no brand has a least age
NOT_IN_SAMPLE = {
    "value_band": {"unknown"},
    "life_style": {"unknown"},
    "brand_fit": {"too_young", "unknown"},
}
TERRITORY_COLUMNS = [
    "stat_month", "subscriber_id", "area_id", "basis", "home_area_id", "outlet_area_id",
]  # fmt: skip
#: half of the last place that a mart keeps; scores are made of measures kept to ten places
HALVES = {"numeric(18,8)": 3e-8, "numeric(18,6)": 5.1e-7, "numeric(18,4)": 5.1e-5}


@pytest.fixture(scope="module")
def warehouse(valued: Valued) -> Iterator[Connection]:
    # no transaction stays open: a test builds a model anew
    with connect(valued.settings, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def frames(valued: Valued) -> dict[str, pl.DataFrame]:
    """The recomputed marts by name."""
    return {
        GROUP_MONTH: valued.recomputed.group_month,
        GRADE_MONTH: valued.recomputed.grade_month,
        MODEL_PAIR: valued.recomputed.model_pair,
        WARNING: valued.recomputed.warning,
        OPERATOR_MONTH: valued.recomputed.operator_month,
        OPERATOR_AREA: valued.recomputed.operator_area,
        OFFER_MONTH: valued.recomputed.offer_month,
        APPLICATION_MONTH: valued.recomputed.application_month,
        SEGMENT_MONTH: valued.people.people_segments,
        VIP_MONTH: valued.people.vips,
        AREA_MONTH: valued.people.areas,
    }


def served_rows(warehouse: Connection, mart: str, types: dict[str, str]) -> pl.DataFrame:
    """A mart, money as whole hundredths."""
    made = []
    for name, kind in types.items():
        text = pl.col(name)
        if kind == "numeric(18,2)":
            made.append((text.cast(pl.Decimal(20, 2)) * 100).cast(pl.Int64))
        elif kind in HALVES:
            made.append(text.cast(pl.Float64))
        elif kind in ("integer", "bigint"):
            made.append(text.cast(pl.Int64))
        elif kind == "boolean":
            made.append(text == "t")
        elif kind == "date":
            made.append(text.str.to_date())
        else:
            assert kind == "text", f"{name} is {kind}"
            made.append(text)
    return query(warehouse, f"select * from {SCHEMA}.{mart}").select(made)


@pytest.mark.parametrize("mart", MARTS)
def test_every_row_and_column(warehouse, frames, mart):
    types = columns_of(warehouse, mart, SCHEMA)
    served, wanted = served_rows(warehouse, mart, types), frames[mart]
    key = mart_yaml(mart)["config"]["meta"]["grain"]
    assert set(types) <= set(wanted.columns), set(types) - set(wanted.columns)
    assert served.select(key).is_duplicated().sum() == 0
    assert served.join(wanted, on=key, how="anti").select(key).head(3).to_dicts() == []
    assert wanted.join(served, on=key, how="anti").select(key).head(3).to_dicts() == []
    both = served.join(wanted.select(list(types)), on=key, suffix="_wanted")
    assert both.height == served.height == wanted.height > 0
    wrong = {}
    for column in set(types) - set(key):
        rows = both.filter(~same(column, types[column]))
        if rows.height:
            shown = rows.select(*key, column, f"{column}_wanted").head(3).to_dicts()
            wrong[column] = (rows.height, shown)
    assert wrong == {}


def same(column: str, sql_type: str) -> pl.Expr:
    """Whether a served column equals the recomputed one, to the last place kept."""
    got, want = pl.col(column), pl.col(f"{column}_wanted")
    if sql_type in HALVES:
        near = (got - want).abs() <= HALVES[sql_type] + 1e-12 * want.abs()
        return (got.is_null() & want.is_null()) | near.fill_null(False)
    return got.eq_missing(want)


@pytest.mark.parametrize("mart", MARTS)
def test_every_declared_metric_is_recomputed_and_no_other(mart):
    assert sorted(metrics_of(mart)) == sorted([*SUMS[mart], *RATIOS[mart]])


def served_metrics(warehouse: Connection, mart: str, level: str) -> pl.DataFrame:
    """Every declared metric as a dashboard asks it, by unit of a level."""
    by = [*keys(mart), level]
    metrics = metrics_of(mart).values()
    asked = ", ".join(f"{metric.sql()} as {metric.name}" for metric in metrics)
    frame = query(
        warehouse,
        f"select {', '.join(by)}, {asked} from {SCHEMA}.{mart} group by {', '.join(by)}",
    )
    return frame.with_columns(
        pl.col("stat_month").str.to_date(),
        pl.col([metric.name for metric in metrics]).cast(pl.Float64),
    )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("mart", MARTS)
def test_every_metric_at_every_level(warehouse, frames, mart, level):
    served = served_metrics(warehouse, mart, level)
    wanted = recomputed(mart, frames[mart], level)
    by = [*keys(mart), level]
    assert served["stat_month"].n_unique() == MONTHS
    both = served.join(wanted, on=by, how="full", suffix="_wanted", coalesce=True)
    assert both.height == served.height == wanted.height
    wrong = {}
    for name in metrics_of(mart):
        got, want = pl.col(name), pl.col(f"{name}_wanted")
        # nothing known at all: a sum is empty in the one and 0 in the other
        if name in SUMS[mart]:
            got = got.fill_null(0)
        near = ((got - want).abs() <= 1e-9 + 1e-12 * want.abs()).fill_null(False)
        rows = both.filter(~((got.is_null() & want.is_null()) | near))
        if rows.height:
            wrong[name] = (rows.height, rows.select(*by, name, f"{name}_wanted").head(3).to_dicts())
    assert wrong == {}


@pytest.mark.parametrize("mart", MARTS)
def test_children_make_their_parent(warehouse, mart):
    """Whatever adds up over units: sums of a level are those of the one above, in each month."""
    tables = {level: served_metrics(warehouse, mart, level) for level in LEVELS}
    additive = [
        metric["name"]
        for metric in metrics_yaml(mart)
        if metric["config"]["meta"]["additivity"] in ("additive", "semi_additive")
    ]
    assert sorted(additive) == sorted(SUMS[mart])
    placed = f"select distinct stat_month, {', '.join(LEVELS[:4])} from {SCHEMA}.{mart}"
    tree = query(warehouse, placed).with_columns(pl.col("stat_month").str.to_date())
    for parent, child in itertools.pairwise(LEVELS[:4]):
        units = tree.select("stat_month", child, parent).unique()
        assert units.select("stat_month", child).is_duplicated().sum() == 0, child
        summed = add(tables[child].join(units, on=["stat_month", child]), mart, parent, additive)
        assert summed.equals(add(tables[parent], mart, parent, additive)), (child, parent)
    everything = [add(table, mart, None, additive) for table in tables.values()]
    assert all(table.equals(everything[0]) for table in everything)


def add(table: pl.DataFrame, mart: str, unit: str | None, names: list[str]) -> pl.DataFrame:
    """Sums of metrics by unit, in whole hundredths (or less) so that they compare exactly."""
    by = [*keys(mart), *([unit] if unit else [])]
    whole = [
        (pl.col(name).fill_null(0) * 10 ** PLACES.get(name, 2)).round().cast(pl.Int64)
        for name in names
    ]
    return table.group_by(by).agg(column.sum() for column in whole).sort(by)


def test_the_sample_exercises_every_rule(frames):
    """Equality of nothing with nothing proves nothing."""
    groups, grades = frames[GROUP_MONTH], frames[GRADE_MONTH]
    assert set(grades["transition"].unique()) == {"first", "up", "down", "same", "new", "lost"}
    assert {"peers"} < set(grades["driver_factor"].drop_nulls().unique())
    assert grades.filter(pl.col("is_important") != pl.col("is_important_by_model")).height > 10
    every = [
        name for name in groups.columns if name.startswith("is_") or name == "has_all_key_persons"
    ]
    constant = [name for name in every if groups[name].n_unique() == 1]
    assert constant == ["is_on_file"]
    shifted = groups.filter(
        pl.col("year_ago_revenue_amt") != pl.col("year_ago_aligned_revenue_amt")
    )
    assert sorted(month.isoformat() for month in shifted["stat_month"].unique()) == [
        "2026-01-01", "2026-02-01",
    ]  # fmt: skip
    ties = grades.filter("is_graded").group_by("stat_month", "model", "rank_no").len()
    assert ties.filter(pl.col("len") > 1).height > 10, "who scores alike"
    both = groups.filter((pl.col("op_b_kind_cnt") > 0) & (pl.col("op_c_kind_cnt") > 0))
    assert both.height > 10
    assert set(frames[WARNING]["reason"].unique()) == set(REASONS)
    assert set(frames[WARNING]["warning_level"].unique()) == {1, 2, 3}
    operators = frames[OPERATOR_MONTH]
    for column in ("full_service_customer_cnt", "only_customer_cnt", "service_support_amt"):
        counted = operators.filter(pl.col(column) > 0)
        assert set(counted["operator"].unique()) == {"own", "op_b", "op_c"}, column
    assert (
        operators.filter((pl.col("customer_cnt") == 0) & (pl.col("market_customer_cnt") > 0)).height
        > 10
    )
    areas = frames[OPERATOR_AREA]
    assert areas.filter((pl.col("visit_cnt") > 0) & (pl.col("compared_visit_cnt") == 0)).height > 10
    assert areas.filter(pl.col("score_gap_sum") < 0).height > 10
    assert areas.filter(pl.col("score_gap_sum") > 0).height > 10
    assert frames[OFFER_MONTH]["offer_position"].n_unique() >= 7
    applications = frames[APPLICATION_MONTH]
    assert applications.filter(pl.col("made_for_industry_code") != "-").height > 10
    for used in (0, 1):
        assert applications.filter(pl.col("using_customer_cnt").clip(0, 1) == used).height > 10
    assert groups["alliance_stage"].n_unique() == 4
    for column in ("project_cnt", "overdue_cnt", "own_amt", "partner_amt"):
        assert (groups[f"alliance_{column}"] > 0).sum() > 10, column
    over = pl.col("alliance_own_amt") + pl.col("alliance_partner_amt")
    assert groups.filter(over < pl.col("joint_investment_amt")).height > 10, "some are over"
    for column in (*(f"need_{c}_cnt" for c in CHANNELS), *(f"{k}_product_cnt" for k in KINDS)):
        # managers' opportunities all come of visits that told the need
        assert (groups[column].sum() > 10) == (column != "need_manager_cnt"), column
    assert set(groups["business_kind_cnt"].unique()) == {0, 1, 2, 3}
    offered = groups.filter(pl.col("next_offer_product_id").is_not_null())
    for column, known in (("reason", set(FACTORS)), ("need", set(NEEDS))):
        assert set(offered[f"next_offer_{column}"].unique()) == known
    assert offered["next_offer_product_id"].n_unique() > 10
    assert groups["next_offer_taken_cnt"].sum() > 10
    assert groups.filter(pl.col("next_offer_lot_cnt") > pl.col("next_offer_taken_cnt")).height > 10
    for column in SELF_SERVICE:
        assert groups[column].sum() > 10, column
    for part, whole in (("member", "echannel_member"), ("contact", "business_contact")):
        less = pl.col(f"self_service_{part}_cnt") < pl.col(f"{whole}_cnt")
        assert groups.filter(less).height > 10, part


def test_the_sample_exercises_every_rule_of_individuals(frames):
    """The same for the marts of individual customers."""
    people = frames[SEGMENT_MONTH]
    for column in DIMENSIONS:
        known = set(Rules(ROOT / "seeds/reference").names(column))
        assert set(people[column].unique()) == known - NOT_IN_SAMPLE.get(column, set()), column
    vips = frames[VIP_MONTH]
    assert set(vips["vip_reason"].unique()) == {"vip_card", "group_leader", "high_spend"}
    assert set(vips["profile_known_cnt"].unique()) >= {1, 2, 3, 4, 5}
    assert vips["is_birthday_due"].sum() > 30
    for fact in ("birthday", "occupation", "industry", "interests"):
        shares = vips.group_by("is_group_leader").agg(pl.col(f"has_{fact}").mean())
        assert shares.filter(pl.col(f"has_{fact}") > 0.1).height == 2, fact
    areas = frames[AREA_MONTH]
    assert areas["living_elsewhere_cnt"].sum() == areas["living_here_cnt"].sum() > 10
    assert areas["potential_cnt"].n_unique() > 5


TERRITORY = f"select {', '.join(TERRITORY_COLUMNS)} from core.int_subscriber_month__territory"


def territory_of(people: People) -> pl.DataFrame:
    """The recomputed rows of ``int_subscriber_month__territory``."""
    return people.territory.select(
        "stat_month", "subscriber_id", pl.col("belongs_to").fill_null("-").alias("area_id"),
        "basis", pl.col("home").alias("home_area_id"), pl.col("outlet").alias("outlet_area_id"),
    )  # fmt: skip


def territories_agree(warehouse: Connection, people: People) -> pl.DataFrame:
    """Asserts that everybody belongs where the files say; returns the rows."""
    served = query(warehouse, TERRITORY).with_columns(pl.col("stat_month").str.to_date())
    wanted = territory_of(people)
    assert served.height == wanted.height > 0
    for one, other in ((served, wanted), (wanted, served)):
        wrong = one.join(other, on=TERRITORY_COLUMNS, how="anti", nulls_equal=True)
        assert wrong.head(3).to_dicts() == []
    return wanted


def test_territory_by_the_order_of_the_rule_table(warehouse, valued, tmp_path):
    """R058: as the rule table has it, and with the outlet first, then the nights."""
    standard = territories_agree(warehouse, valued.people)
    assert standard["outlet_area_id"].drop_nulls().len() > 10
    other = {"assigned": 3, "home_cell": 2, "outlet": 1}
    text = (ROOT / "seeds/reference/territory_rule.csv").read_text(encoding="utf-8")
    for basis, place in other.items():
        text = re.sub(rf"(_1,{basis}),\d", rf"\1,{place}", text)
    (tmp_path / "territory_rule.csv").write_text(text, encoding="utf-8")
    build = ("run", "--select", "int_subscriber_month__territory", AREA_MONTH, "--full-refresh")
    cases = " ".join(f"when '{basis}' then {place}" for basis, place in other.items())
    execute(valued.settings, f"update reference.territory_rule set precedence = case basis {cases}"
            " end")  # fmt: skip
    try:
        assert dbt(valued.settings, *build) == {}
        people = People(valued.people.feeds, Rules(tmp_path))
        found = territories_agree(warehouse, people)
        assert set(found["basis"].unique()) == {"assigned", "home_cell", "outlet"}
        counted = query(
            warehouse,
            f"select stat_month, area_id, subscriber_cnt, living_elsewhere_cnt"
            f" from {SCHEMA}.{AREA_MONTH}",
        ).select(
            pl.col("stat_month").str.to_date(), "area_id",
            pl.col("subscriber_cnt", "living_elsewhere_cnt").cast(pl.Int64),
        )  # fmt: skip
        both = ["stat_month", "area_id"]
        assert counted.sort(both).equals(people.areas.select(counted.columns).sort(both))
    finally:
        assert dbt(valued.settings, "seed", "--select", "territory_rule") == {}
        assert dbt(valued.settings, *build) == {}


def test_the_deeper_bound_the_rarer_the_leaving(valued):
    """R037, on what is planted: who leaves has fewer ties (its products are few)."""
    last = valued.recomputed.months[-1]
    seen = valued.recomputed.left_of(last)
    shares = [seen[depth][1] / seen[depth][0] for depth in (1, 2, 3)]
    assert shares[0] > shares[1] > shares[2], seen
    assert sum(left for _, left in seen.values()) > 10
