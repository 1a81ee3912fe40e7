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
from psycopg import Connection

from orchestration.engine.databases import connect
from orchestration.settings import ROOT
from tests.metrics.compare import assert_equal
from tests.metrics.recompute import METRICS, SCALE, Recomputation
from tests.metrics.served import MARTS, SCHEMA, metrics_of, query, rows_of

LEVELS = ("province_id", "city_id", "county_id", "area_id", "account_manager_id")


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


@pytest.mark.parametrize("mart", MARTS)
def test_every_row_and_column_of_the_mart(warehouse, recomputed, schema, mart):
    assert_equal(warehouse, recomputed, mart, schema)


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
