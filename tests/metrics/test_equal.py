"""Every served number equals the one recomputed from the extract files, to the cent.

All rows and all columns of the four marts, and every declared metric at every level (province,
city, county, area, account manager) in every month.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from metrics.recompute import METRICS, SCALE, Recomputation
from metrics.served import MARTS, SCHEMA, columns_of, mart_yaml, metrics_of, query, rows_of
from psycopg import Connection

from orchestration.engine.databases import connect
from orchestration.settings import ROOT

LEVELS = ("province_id", "city_id", "county_id", "area_id", "account_manager_id")
#: the six decimals of a stored rate
HALF_A_MILLIONTH = 5.1e-7


@pytest.fixture(scope="module")
def warehouse(demo) -> Iterator[Connection]:
    """A connection as the owner, who sees every row."""
    with connect(demo.settings) as connection:
        yield connection


@pytest.fixture(scope="module")
def recomputed(demo) -> Recomputation:
    """The same numbers from the files in the landing area."""
    return Recomputation.of_landing(Path(demo.settings.landing), ROOT / "seeds/reference")


@pytest.fixture(scope="module")
def schema() -> str:
    """Where the marts are: what people see, or while developing models ``build``."""
    return os.environ.get("TELMART_TEST_SCHEMA", SCHEMA)


def expected(recomputed: Recomputation, mart: str) -> pl.DataFrame:
    """The recomputed mart with the columns the served one has."""
    match mart:
        case "segment_month":
            return recomputed.segment_month
        case "subscriber_month":
            return recomputed.subscriber_list
        case "warning":
            return recomputed.warning
    sixths = pl.col("base_revenue_sixths")
    return recomputed.cohort_month.with_columns(sixths.alias("base_revenue_amt"))


@pytest.mark.parametrize("mart", MARTS)
def test_every_row_and_column_of_the_mart(warehouse, recomputed, schema, mart):
    types = columns_of(warehouse, mart, schema)
    served = rows_of(warehouse, mart, schema)
    wanted = expected(recomputed, mart)
    assert set(types) <= set(wanted.columns), "a column nobody recomputes"
    key = mart_yaml(mart)["config"]["meta"]["grain"]
    assert served.select(key).is_duplicated().sum() == 0
    both = served.join(
        wanted.select(list(types)), on=key, how="full", suffix="_wanted", coalesce=False
    )
    only = both.filter(pl.any_horizontal(pl.col(k).is_null() for k in key))
    assert only.height == 0, f"rows missing in the mart, e.g. {only.head(3).to_dicts()}"
    only = both.filter(pl.any_horizontal(pl.col(f"{k}_wanted").is_null() for k in key))
    assert only.height == 0, f"rows the mart should not have, e.g. {only.head(3).to_dicts()}"
    assert served.height == wanted.height > 100
    for column in set(types) - set(key):
        wrong = both.filter(~_same(column, types[column]))
        assert wrong.height == 0, (
            f"{column} differs in {wrong.height} rows, e.g. "
            f"{wrong.select(*key, column, f'{column}_wanted').head(3).to_dicts()}"
        )


def _same(column: str, sql_type: str) -> pl.Expr:
    """Whether a served column equals the recomputed one; rates within their six decimals."""
    got, want = pl.col(column), pl.col(f"{column}_wanted")
    if column in ("bill_change_rate", "offnet_share"):
        near = (got.cast(pl.Float64) - want).abs() <= HALF_A_MILLIONTH
        return (got.is_null() & want.is_null()) | near.fill_null(False)
    if column in ("baseline_billed_amt", "baseline_value"):
        return (got * 1_000_000).cast(pl.Int64).eq_missing(want)
    if column == "base_revenue_amt":
        # a sum of averages, kept to six decimals: a sum of n members may be off by n halves of one
        return ((got.cast(pl.Float64) * 600 - want).abs() <= 600 * 5e-7 * pl.col("base_cnt")) & (
            got.is_not_null()
        )
    assert not sql_type.startswith("numeric") or sql_type.endswith((",2)", ",6)")), sql_type
    return got.eq_missing(want)


def test_every_declared_metric_is_recomputed_and_no_other():
    declared = [name for mart in MARTS for name in metrics_of(mart)]
    assert sorted(declared) == sorted(METRICS)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "metric", [m for mart in MARTS for m in metrics_of(mart).values()], ids=str
)
def test_every_metric_at_every_level(warehouse, recomputed, schema, metric, level):
    by = ["stat_month", level] + (["cohort_id"] if metric.mart == "cohort_month" else [])
    served = query(
        warehouse,
        f"select {', '.join(by)}, {metric.sql()} as served"
        f" from {schema}.mart_retention__{metric.mart} group by {', '.join(by)}",
    ).with_columns(pl.col("stat_month").str.to_date(), pl.col("served").cast(pl.Float64))
    rows, top, bottom = recomputed.metric(metric.name)
    _, top_name, bottom_name = METRICS[metric.name]
    value = top / SCALE.get(top_name, 1)
    if bottom is not None:
        value = pl.when(bottom != 0).then(value / (bottom / SCALE.get(bottom_name, 1)))
    wanted = rows.group_by(by).agg(value.alias("wanted"))
    both = served.join(wanted, on=by, how="full", coalesce=True)
    assert both.height == served.height == wanted.height > 0
    got, want = pl.col("served"), pl.col("wanted")
    # amounts up to 10^9 to the cent; averages kept to six decimals add up to less than that
    near = (got - want).abs() <= 1e-4 + 1e-12 * want.abs()
    if bottom is not None:
        near = (got - want).abs() <= 1e-9 * want.abs() + 1e-12
    wrong = both.filter(~((got.is_null() & want.is_null()) | near.fill_null(False)))
    assert wrong.height == 0, f"{wrong.height} differ, e.g. {wrong.head(3).to_dicts()}"


def test_vad_classes_are_eight_exclusive_and_complete(warehouse, recomputed, schema):
    classes = {"VAD", "VD", "VA", "V", "AD", "D", "A", "NVAD"}
    listed = rows_of(warehouse, "subscriber_month", schema)
    assert set(listed["vad_class"].unique()) == classes
    assert listed.height == recomputed.flat.height
    assert listed["vad_class"].null_count() == 0
    counted = rows_of(warehouse, "segment_month", schema).group_by("stat_month", "vad_class")
    by_class = counted.agg(pl.col("subscriber_cnt").sum())
    assert by_class.height == 8 * len(recomputed.months)
    wanted = recomputed.flat.group_by("stat_month", "vad_class").agg(pl.col("subscriber_cnt").sum())
    assert by_class.sort(by_class.columns).equals(wanted.sort(by_class.columns))


def test_the_demo_exercises_every_rule(recomputed):
    """Equality of nothing with nothing proves nothing: each flag, level and branch occurs."""
    flat = recomputed.flat
    for flag in ("is_off_net_warning", "is_value_loss", "is_unstable"):
        assert flat[flag].sum() > 100, flag
    overlap = flat.filter(pl.col("is_off_net_warning") & pl.col("is_value_loss"))
    assert overlap.height > 50
    levels = recomputed.warning.group_by("warning_type", "warning_level").len()
    assert levels.height == 9
    assert flat.filter(pl.col("is_off_net") & (pl.col("left_for") == "arrears")).height > 50
    assert flat.filter(pl.col("is_off_net") & ~pl.col("was_on_net")).height > 0
    assert recomputed.cohort_flat.filter(pl.col("retained_cnt") == 0).height > 100
