"""A served mart against the recomputed one: the same rows, and every column the same."""

from __future__ import annotations

import polars as pl
from psycopg import Connection

from orchestration.publication.closing import VERSION
from tests.metrics.recompute import Recomputation
from tests.metrics.served import SCHEMA, columns_of, mart_yaml, rows_of

#: the six decimals of a stored rate
HALF_A_MILLIONTH = 5.1e-7


def assert_equal(
    warehouse: Connection, recomputed: Recomputation, mart: str, schema: str = SCHEMA
) -> int:
    """Compare all rows and all columns; returns the number of rows."""
    types = columns_of(warehouse, mart, schema)
    types.pop(VERSION, None)  # publication's own; tests/publication has it
    served = rows_of(warehouse, mart, schema)
    wanted = recomputed_mart(recomputed, mart)
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
    assert served.height == wanted.height
    for column in set(types) - set(key):
        wrong = both.filter(~_same(column, types[column]))
        assert wrong.height == 0, (
            f"{column} differs in {wrong.height} rows, e.g. "
            f"{wrong.select(*key, column, f'{column}_wanted').head(3).to_dicts()}"
        )
    return served.height


def recomputed_mart(recomputed: Recomputation, mart: str) -> pl.DataFrame:
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


def _same(column: str, sql_type: str) -> pl.Expr:
    """Whether a served column equals the recomputed one; rates within their six decimals."""
    got, want = pl.col(column), pl.col(f"{column}_wanted")
    if column in ("bill_change_rate", "offnet_share"):
        near = (got.cast(pl.Float64) - want).abs() <= HALF_A_MILLIONTH
        return (got.is_null() & want.is_null()) | near.fill_null(False)
    if column in ("baseline_billed_amt", "baseline_value"):
        return (got * 1_000_000).cast(pl.Int64).eq_missing(want)
    if column == "base_revenue_amt":
        # a sum of averages, each kept to six decimals: n members may be off by n halves of one
        off = (got.cast(pl.Float64) * 600 - want).abs()
        return (off <= 600 * 5e-7 * pl.col("base_cnt")).fill_null(False)
    assert not sql_type.startswith("numeric") or sql_type.endswith((",2)", ",6)")), sql_type
    return got.eq_missing(want)
