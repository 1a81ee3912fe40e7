"""What can be shown: marts, columns and metrics, as dbt declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from superset_assets.builder.text import Text

#: meta every metric must carry, see docs/metrics.md
UNITS = ("count", "expected", "yuan", "ratio", "minute", "mb", "point")
DIRECTIONS = ("up", "down", "none")
ADDITIVITIES = ("additive", "semi_additive", "ratio")


@dataclass(frozen=True)
class Column:
    """One column of a mart: PostgreSQL type, texts in both languages, unit or empty."""

    name: str
    data_type: str
    label: Text
    description: Text
    unit: str = ""

    @property
    def is_boolean(self) -> bool:
        return self.data_type == "boolean"

    @property
    def is_date(self) -> bool:
        return self.data_type == "date" or self.data_type.startswith("timestamp")

    @property
    def is_numeric(self) -> bool:
        return self.data_type.startswith(("numeric", "int", "bigint", "smallint", "double", "real"))


@dataclass(frozen=True)
class Metric:
    """One metric as dbt declares it.

    ``kind`` is simple (``agg`` of ``expr``), ratio (``inputs`` = numerator, denominator) or derived
    (``expr`` over ``inputs``). ``condition`` is the metric's own filter in plain SQL, or empty.
    """

    name: str
    mart: str
    kind: str
    label: Text
    description: Text
    unit: str
    direction: str
    additivity: str
    owner: str
    agg: str = ""
    expr: str = ""
    inputs: tuple[str, ...] = ()
    condition: str = ""


@dataclass(frozen=True)
class Mart:
    """One served table, ``schema.name``, with its columns and metrics by name."""

    name: str
    schema: str
    label: Text
    description: Text
    columns: Mapping[str, Column]
    metrics: Mapping[str, Metric] = field(default_factory=dict)

    def in_language(self, column: str, language: str) -> str:
        """``column``, or its twin in ``language`` where there is one (``city_name_en``)."""
        twin = f"{column}_{language}"
        return twin if language != "zh" and twin in self.columns else column


Catalog = Mapping[str, Mart]
