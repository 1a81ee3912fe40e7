"""What the warehouse serves, fetched for comparison: tables as they are, metrics as declared."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
import yaml
from psycopg import Connection

from orchestration.settings import ROOT

MARTS = ("cohort_month", "segment_month", "subscriber_month", "warning")
SCHEMA = "retention"


def table_of(mart: str) -> str:
    """The table of a mart; one that is not spelt out is of the retention slice."""
    return mart if mart.startswith("mart_") else f"mart_retention__{mart}"


@cache
def _document(mart: str) -> dict[str, Any]:
    table = table_of(mart)
    folder = table.removeprefix("mart_").partition("__")[0]
    path = ROOT / "dbt_project/models/marts" / folder / f"{table}.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def mart_yaml(mart: str) -> dict[str, Any]:
    """The declaration of a mart beside its model."""
    [model] = _document(mart)["models"]
    return model


def metrics_yaml(mart: str) -> list[dict[str, Any]]:
    """The declarations of the metrics of a mart."""
    return _document(mart)["metrics"]


@dataclass(frozen=True)
class Metric:
    """A declared metric: an aggregate over rows, or the ratio of two such."""

    name: str
    mart: str
    kind: str
    agg: str
    expr: str
    numerator: str
    denominator: str

    def __str__(self) -> str:
        return self.name

    def sql(self) -> str:
        """The aggregate over the mart's rows, as a dashboard asks it."""
        if self.kind == "ratio":
            parts = metrics_of(self.mart)
            top, bottom = parts[self.numerator].sql(), parts[self.denominator].sql()
            return f"({top})::numeric / nullif({bottom}, 0)"
        if self.agg == "count_distinct":
            return f"count(distinct {self.expr})"
        return f"{self.agg}({self.expr})"


@cache
def metrics_of(mart: str) -> dict[str, Metric]:
    """Every metric declared for a mart, by name."""
    [semantic_model] = _document(mart)["semantic_models"]
    measures = {m["name"]: m for m in semantic_model["measures"]}
    found = {}
    for metric in metrics_yaml(mart):
        params = metric["type_params"]
        if metric["type"] == "ratio":
            parts = ("", "", params["numerator"], params["denominator"])
        else:
            measure = measures[params["measure"]]
            parts = (measure["agg"], measure.get("expr", measure["name"]), "", "")
        found[metric["name"]] = Metric(metric["name"], mart, metric["type"], *parts)
    return found


def columns_of(connection: Connection, mart: str, schema: str = SCHEMA) -> dict[str, str]:
    """Columns of a served table with their types."""
    found = connection.execute(
        "select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a"
        " where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped"
        " order by a.attnum",
        (f"{schema}.{table_of(mart)}",),
    ).fetchall()
    return {str(name): str(kind) for name, kind in found}


def rows_of(connection: Connection, mart: str, schema: str = SCHEMA) -> pl.DataFrame:
    """A served table: numeric(n,2) as whole hundredths, other numerics as decimals."""
    columns = columns_of(connection, mart, schema)
    frame = query(connection, f"select * from {schema}.{table_of(mart)}")
    made = []
    for name, kind in columns.items():
        text = pl.col(name)
        if kind.startswith("numeric") and kind.endswith(",2)"):
            made.append((text.cast(pl.Decimal(20, 2)) * 100).cast(pl.Int64))
        elif kind.startswith("numeric"):
            made.append(text.cast(pl.Decimal(30, 6)))
        elif kind in ("integer", "bigint"):
            made.append(text.cast(pl.Int64))
        elif kind == "boolean":
            made.append(text == "t")
        elif kind == "date":
            made.append(text.str.to_date())
        else:
            made.append(text)
    return frame.select(made)


def query(connection: Connection, sql: str) -> pl.DataFrame:
    """Rows of a query as text columns; empty text stays apart from null."""
    buffer = io.BytesIO()
    with connection.cursor().copy(f"copy ({sql}) to stdout (format csv, header, null '\\N')") as c:
        for block in c:
            buffer.write(block)
    buffer.seek(0)
    return pl.read_csv(buffer, infer_schema=False, null_values="\\N")
