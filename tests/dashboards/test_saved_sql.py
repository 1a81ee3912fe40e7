"""Every expression of every dataset, run on a real PostgreSQL, gives what dbt's definition says.

The expected numbers are computed here from the manifest's own words (aggregation, expression,
numerator, denominator), row by row in Python, without the builder's help.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row

from orchestration.engine.databases import connect
from orchestration.settings import Settings
from superset_assets.build import build_bundle

THIS, BEFORE = date(2026, 3, 1), date(2026, 2, 1)
#: what Chinese readers see in place of yuan and so on; written down again on purpose
SCALE = {
    ("yuan", "zh"): 10000,
    ("minute", "zh"): 10000,
    ("mb", "zh"): 1024,
    ("mb", "en"): 1024,
}


@pytest.fixture(scope="module")
def document(manifest: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def datasets(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("bundle")
    build_bundle(manifest, out)
    return [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((out / "datasets").rglob("*.yaml"))
    ]


def marts(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Columns and types of each served table, by its name."""
    found = {
        node["name"]: {c: said["data_type"] for c, said in node["columns"].items()}
        for node in document["nodes"].values()
        if node["resource_type"] == "model" and node["name"].startswith("mart_")
    }
    # dbt reads files side by side and lists them in any order: the same rows every time
    return dict(sorted(found.items()))


def asked_for(document: dict[str, Any]) -> dict[str, list[str]]:
    """By column, what some metric asks for: ``level = 3``, ``kind in ('x', 'y')``."""
    found: dict[str, list[str]] = {}
    for model in document["semantic_models"].values():
        for measure in model["measures"]:
            asked = re.findall(r"(\w+) (?:=|in) (\([^)]+\)|'\w+'|\d+)", measure["expr"] or "")
            for column, said in asked:
                found.setdefault(column, []).extend(re.findall(r"\w+", said))
    return {column: sorted(set(values)) for column, values in found.items()}


def some_value(rng: random.Random, kind: str, name: str, asked: dict[str, list[str]]) -> Any:
    """A value of a PostgreSQL type, often one that is asked for; now and then none."""
    if name == "stat_month":
        return rng.choice([THIS, BEFORE])
    if rng.random() < 0.05:
        return None
    if name in asked and rng.random() < 0.7:
        return rng.choice(asked[name])
    by_kind = {
        "boolean": lambda: rng.random() < 0.5,
        "numeric": lambda: Decimal(rng.randint(-50_000, 9_000_000)) / 100,
        "integer": lambda: rng.randint(0, 900),
        "bigint": lambda: rng.randint(0, 900),
        "date": lambda: date(2026, 1, rng.randint(1, 28)),
        "text": lambda: f"{name} {rng.randint(1, 7)}",
    }
    return by_kind[kind.split("(", maxsplit=1)[0]]()


@pytest.fixture(scope="module")
def warehouse(
    scratch: Settings, document: dict[str, Any]
) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Served tables with random rows, in a transaction that is rolled back."""
    rng = random.Random(20261122)  # noqa: S311 - the same rows every time
    asked = asked_for(document)
    with connect(scratch, row_factory=dict_row) as link:
        for name, columns in marts(document).items():
            schema = name.removeprefix("mart_").split("__")[0]
            said = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            link.execute(f"create schema if not exists {schema}")  # type: ignore[call-overload]
            link.execute(f"drop table if exists {schema}.{name}")  # type: ignore[call-overload]
            link.execute(f"create table {schema}.{name} ({said})")  # type: ignore[call-overload]
            with link.cursor().copy(f"copy {schema}.{name} from stdin") as copy:  # type: ignore[call-overload]
                for _ in range(120):
                    copy.write_row([some_value(rng, k, c, asked) for c, k in columns.items()])
        yield link
        link.rollback()


def rows_of(link: psycopg.Connection[dict[str, Any]], table: str, expr: str) -> list[Any]:
    """(month, value of the metric's expression) of each row, as PostgreSQL sees one row."""
    query = f"select stat_month, ({expr}) as value from {table}"
    return [(row["stat_month"], row["value"]) for row in link.execute(query)]  # type: ignore[call-overload]


def definition(document: dict[str, Any], name: str) -> tuple[str, str, str]:
    """Table, aggregation and expression of a simple metric, in either of dbt's two spellings."""
    params = document["metrics"][f"metric.telmart.{name}"]["type_params"]
    models = document["semantic_models"]
    own = params["metric_aggregation_params"]
    if own:
        model = models[f"semantic_model.telmart.{own['semantic_model']}"]
        return model["node_relation"]["alias"], own["agg"], params["expr"] or name
    assert not params["measure"]["filter"]
    wanted = params["measure"]["name"]
    ((model, measure),) = (
        (model, measure)
        for model in models.values()
        for measure in model["measures"]
        if measure["name"] == wanted
    )
    return model["node_relation"]["alias"], measure["agg"], measure["expr"] or wanted


def expected(
    link: psycopg.Connection[dict[str, Any]],
    document: dict[str, Any],
    name: str,
    month: date | None,
) -> Decimal | None:
    """The metric as the manifest defines it, over ``month`` or over all rows."""
    metric = document["metrics"][f"metric.telmart.{name}"]
    params = metric["type_params"]
    if metric["type"] == "ratio":
        above, below = (
            expected(link, document, params[part]["name"], month)
            for part in ("numerator", "denominator")
        )
        return None if not below or above is None else Decimal(above) / Decimal(below)
    assert metric["type"] == "simple"
    assert not metric["filter"]
    table, agg, expr = definition(document, name)
    schema = table.removeprefix("mart_").split("__")[0]
    values = [
        value
        for when, value in rows_of(link, f"{schema}.{table}", expr)
        if value is not None and month in (None, when)
    ]
    if agg == "sum":
        return Decimal(sum(values)) if values else None
    return Decimal({"count": len(values), "count_distinct": len(set(values))}[agg])


def evaluate(
    link: psycopg.Connection[dict[str, Any]], dataset: dict[str, Any], sql: str, where: str = ""
) -> Any:
    """One aggregate over a dataset, asked the way Superset asks."""
    source = (
        f"({dataset['sql']}) as virtual_table"
        if dataset["sql"]
        else f"{dataset['schema']}.{dataset['table_name']}"
    )
    row = link.execute(f"select {sql} as value from {source} {where}").fetchone()  # type: ignore[call-overload]
    assert row is not None
    return row["value"]


def language_of(dataset: dict[str, Any]) -> str:
    return "en" if dataset["table_name"].endswith("_en") else "zh"


def scale_of(document: dict[str, Any], name: str, language: str) -> int:
    meta = document["metrics"][f"metric.telmart.{name}"]["config"]["meta"]
    if meta["additivity"] == "ratio" and meta["unit"] != "mb":
        return 1
    return SCALE.get((meta["unit"], language), 1)


def close(found: Any, wanted: Any) -> bool:
    if found is None or wanted is None:
        return found is None and wanted is None
    return abs(Decimal(found) - Decimal(wanted)) <= abs(Decimal(wanted)) * Decimal("1e-9")


def test_saved_metrics(
    warehouse: psycopg.Connection[Any], document: dict[str, Any], datasets: list[dict[str, Any]]
) -> None:
    """Every metric of dbt is a saved metric of its mart, in both languages, with its value."""
    seen: dict[str, set[str]] = {}
    for dataset in datasets:
        if dataset["table_name"].startswith("choices_") or "_compare" in dataset["table_name"]:
            continue
        language = language_of(dataset)
        for metric in dataset["metrics"]:
            name = metric["metric_name"]
            if name.endswith("__order"):
                continue
            wanted = expected(warehouse, document, name, None)
            assert wanted is not None
            found = evaluate(warehouse, dataset, metric["expression"])
            scaled = wanted / scale_of(document, name, language)
            assert close(found, scaled), f"{dataset['table_name']}.{name}: {found} != {scaled}"
            seen.setdefault(name, set()).add(language)
    assert {key.split(".")[-1] for key in document["metrics"]} == set(seen)
    assert all(languages == {"zh", "en"} for languages in seen.values())


def test_comparisons(
    warehouse: psycopg.Connection[Any], document: dict[str, Any], datasets: list[dict[str, Any]]
) -> None:
    """In a comparing dataset a month is filtered as in any other; the month before comes along."""
    checked = 0
    where = f"where stat_month = '{THIS}'"
    for dataset in datasets:
        if "_compare" not in dataset["table_name"]:
            continue
        language = language_of(dataset)
        saved = {m["metric_name"]: m["expression"] for m in dataset["metrics"]}
        for name in (n for n in saved if "__" not in n):
            now = expected(warehouse, document, name, THIS)
            before = expected(warehouse, document, name, BEFORE)
            assert now is not None
            assert before
            found = evaluate(warehouse, dataset, saved[name], where)
            assert close(found, now / scale_of(document, name, language)), name
            unit = document["metrics"][f"metric.telmart.{name}"]["config"]["meta"]["unit"]
            change = (now - before) * 100 if unit == "ratio" else now / before - 1
            # as it is shown: no more digits, and none further off than rounding takes it (which of
            # two neighbours a tie goes to depends on the digits a division keeps)
            digits = 1 if unit == "ratio" else 3
            found = Decimal(evaluate(warehouse, dataset, saved[f"{name}__change"], where))
            assert found == round(found, digits), name
            half = Decimal("0.5").scaleb(-digits) + Decimal("1e-9")
            assert abs(found - Decimal(change)) <= half, name
            checked += 1
    assert checked >= 20


def test_a_group_that_emptied_holds_none(
    warehouse: psycopg.Connection[Any], datasets: list[dict[str, Any]]
) -> None:
    """Rows of the month before only: 0 and a fall of 100 %, not blanks."""
    (dataset,) = (d for d in datasets if d["table_name"] == "mart_retention__segment_month_compare")
    saved = {m["metric_name"]: m["expression"] for m in dataset["metrics"]}
    only_before = "where months_before = 1 and watch_cnt > 0"
    assert evaluate(warehouse, dataset, saved["watch_cnt"], only_before) == 0
    assert evaluate(warehouse, dataset, saved["watch_cnt__tile"], only_before) == "0"
    assert evaluate(warehouse, dataset, saved["watch_cnt__change"], only_before) == -1


def test_a_ratio_without_denominator_is_empty(
    warehouse: psycopg.Connection[Any], datasets: list[dict[str, Any]]
) -> None:
    """No rows: no number, and above all no error."""
    for dataset in datasets:
        for metric in dataset["metrics"]:
            value = evaluate(warehouse, dataset, metric["expression"], "where false")
            counts = metric["expression"].startswith("COUNT(")
            assert value is None or (counts and value == 0), metric["metric_name"]


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (0, "0", "0"),
        (987, "987", "987"),
        (99_999, "99,999", "99,999"),
        (100_000, "10.0万", "100,000"),
        (12_345_678, "1,234.6万", "12.35M"),
        (123_456_789, "1.23亿", "123.46M"),
        (2_345_678_901, "23.46亿", "2.35B"),
        (-250_000, "-25.0万", "-250,000"),
    ],
)
def test_tiles_read_in_the_units_of_the_language(
    value: int, zh: str, en: str, warehouse: psycopg.Connection[Any],
    datasets: list[dict[str, Any]],
) -> None:  # fmt: skip
    by_name = {dataset["table_name"]: dataset for dataset in datasets}
    for suffix, wanted in (("", zh), ("_en", en)):
        dataset = by_name[f"mart_retention__segment_month_compare{suffix}"]
        (tile,) = (m for m in dataset["metrics"] if m["metric_name"] == "watch_cnt__tile")
        source = f"(select 0 as months_before, {value} as watch_cnt) as one"
        row = warehouse.execute(f"select {tile['expression']} as value from {source}").fetchone()  # type: ignore[call-overload]
        assert row["value"] == wanted


def test_calculated_columns_run(
    warehouse: psycopg.Connection[Any], datasets: list[dict[str, Any]]
) -> None:
    """Words for yes and no, moments in the operator's time zone, the order of codes."""
    checked = 0
    for dataset in datasets:
        for column in dataset["columns"]:
            if column["expression"]:
                evaluate(warehouse, dataset, f"count({column['expression']})")
                checked += 1
    assert checked


def test_choices_always_offer_something(
    warehouse: psycopg.Connection[Any], datasets: list[dict[str, Any]]
) -> None:
    """Months and cohorts that are there; one stand-in, and only one, when there are none."""
    for dataset in (d for d in datasets if d["table_name"].startswith("choices_")):
        first = dataset["columns"][0]["column_name"]
        assert evaluate(warehouse, dataset, f"count(distinct {first})") > 1
        assert evaluate(warehouse, dataset, "count(*)", f"where {first}::text = '–'") == 0
        table = dataset["sql"].split(" from ")[1].split(")")[0]
        warehouse.execute("savepoint full_table")
        warehouse.execute(f"delete from {table}")  # type: ignore[call-overload]
        assert evaluate(warehouse, dataset, "count(*)") == 1
        assert evaluate(warehouse, dataset, f"count({first})") == 1
        warehouse.execute("rollback to savepoint full_table")
