"""Rules on real rows: what fails is found, located and put into numbers; no value ever leaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.quality.evaluation import Evaluation
from orchestration.quality.profile import aggregates, keep, profile_query
from orchestration.quality.results import failures, keep_outcomes
from orchestration.quality.rules import Outcome, Rule, Suite
from orchestration.quality.suites import arrival_suites, mart_suites
from orchestration.quality.validator import Validator
from orchestration.settings import Settings

MONTHS = {f"2026-{month:02d}-01": f"2026-{month:02d}" for month in (6, 7, 8, 9, 10)}
NAME, NUMBER = "张三丰的真名", "13812345678"


@pytest.fixture(scope="module")
def warehouse(scratch: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A table of five months; the last one has one bad amount and half the rows."""
    with connect(scratch) as connection:
        connection.execute("create schema if not exists tried")
        connection.execute("drop table if exists tried.bill")
        connection.execute("create table tried.bill (month date, who text, no text, amt numeric)")
        for month, rows in zip(MONTHS, (200, 204, 206, 210, 100), strict=True):
            connection.execute(
                "insert into tried.bill select %s, %s || n, %s, n from generate_series(1, %s) n",
                [month, NAME, NUMBER, rows],
            )
        connection.execute("update tried.bill set amt = -5 where month = '2026-10-01' and amt = 7")
        connection.execute("create table if not exists tried.done (x int)")
        connection.commit()
        yield connection
        connection.rollback()
        connection.execute("drop schema tried cascade")
        connection.execute("delete from quality.profile where subject = 'tried.bill'")
        connection.execute("delete from quality.check_result where subject = 'tried.bill'")
        connection.commit()


@pytest.fixture(scope="module")
def validator(scratch: Settings) -> Validator:
    return Validator(scratch, "a-run")


def rule(**change: Any) -> Rule:
    given: dict[str, Any] = {
        "id": "amount_positive",
        "type": "ExpectColumnValuesToBeBetween",
        "kwargs": {"column": "amt", "min_value": 0},
        "description": "No amount is negative.",
        "description_zh": "金额不为负。",
        "reason": "Because a test says so.",
        "owner": "tests",
    }
    return Rule(**{**given, **change})


def suite(*rules: Rule) -> Suite:
    return Suite("arrival.tried__bill", "tried.bill", "Bills", "账单", rules)


def run(
    warehouse: psycopg.Connection[Any], validator: Validator, *rules: Rule
) -> tuple[Suite, list[Outcome]]:
    made = suite(*rules)
    measures = {"row_cnt": "count(*)", "amt_avg": "avg(amt)"}
    table = psycopg.sql.SQL("tried.bill")
    keep(warehouse, "tried.bill", aggregates(warehouse, table, "month", measures, list(MONTHS)))
    warehouse.commit()

    def batch(name: str, periods: list[str]) -> str:
        if name == "profile":
            return profile_query(warehouse, "tried.bill", list(measures), periods)
        quoted = ", ".join(f"date '{p}'" for p in periods)
        return f"select * from tried.bill where month in ({quoted})"

    return made, Evaluation(warehouse, validator, made, batch).run(rules, MONTHS)


def test_failure_names_month_and_numbers(warehouse, validator) -> None:
    made, outcomes = run(warehouse, validator, rule())
    bad = [o for o in outcomes if not o.success]
    assert [(o.period, o.observed) for o in bad] == [("2026-10", "1 of 100 rows (1.00%)")]
    assert bad[0].expected == "amt at least 0"
    [failure] = failures(made, outcomes)
    assert (failure.subject, failure.period) == ("tried.bill", "2026-10")
    assert failure.reason_en == (
        "tried.bill 2026-10: expected “No amount is negative”, found 1 of 100 rows (1.00%)."
    )
    assert failure.reason == (
        "账单（tried.bill）2026-10：应满足“金额不为负”，实际：100 行中有 1 行（1.00%）。"
    )


def test_half_volume_fails_against_what_is_usual(warehouse, validator) -> None:
    volume = rule(
        id="volume",
        batch="profile",
        kwargs={"column": "row_cnt_ratio", "min_value": 0.8, "max_value": 1.25},
        description="The number of rows is usual.",
    )
    made, outcomes = run(warehouse, validator, volume)
    [failure] = failures(made, outcomes)
    assert failure.period == "2026-10"
    assert "found 100, usually 205 (49%)" in failure.reason_en
    assert "实际：100，往期通常为 205（49%）" in failure.reason


def test_what_holds_is_one_outcome_for_all_months(warehouse, validator) -> None:
    _, outcomes = run(warehouse, validator, rule(kwargs={"column": "amt", "min_value": -10}))
    assert [(o.success, o.period) for o in outcomes] == [(True, "2026-06..2026-10")]


def test_warning_does_not_block(warehouse, validator) -> None:
    made, outcomes = run(warehouse, validator, rule(severity="warning"))
    assert any(not o.success for o in outcomes)
    assert failures(made, outcomes) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kwargs": {"column": "no_such_column", "min_value": 0}},
        {"type": "ExpectTheImpossible"},
    ],
)
def test_rule_that_cannot_be_evaluated_is_an_error_not_a_pass(
    warehouse, validator, wrong: dict[str, Any]
) -> None:
    with pytest.raises(TelmartError, match="amount_positive"):
        run(warehouse, validator, rule(**wrong))


def test_no_value_of_a_row_in_results_or_data_docs(warehouse, validator, scratch: Settings) -> None:
    """Every row fails these rules, on the columns that hold names and numbers."""
    rules = [
        rule(id="name", type="ExpectColumnValuesToBeInSet",
             kwargs={"column": "who", "value_set": ["nobody"]}),
        rule(id="number", type="ExpectColumnValuesToNotMatchRegex",
             kwargs={"column": "no", "regex": "^[0-9]{11}$"}),
        rule(id="twice", type="ExpectColumnValuesToBeUnique", kwargs={"column": "no"}),
        rule(id="pair", type="ExpectCompoundColumnsToBeUnique",
             kwargs={"column_list": ["month", "no"]}),
        rule(id="lengths", type="ExpectColumnValueLengthsToEqual",
             kwargs={"column": "who", "value": 1}),
    ]  # fmt: skip
    made, outcomes = run(warehouse, validator, *rules)
    assert {o.rule.id for o in outcomes if not o.success} == {r.id for r in rules}
    keep_outcomes(warehouse, "a-run", made, outcomes)
    kept = warehouse.execute(
        "select string_agg(r::text, ' ') from quality.check_result r where run_id = 'a-run'"
    ).fetchone()
    told = [str(kept), *(f.reason + f.reason_en for f in failures(made, outcomes))]
    assert validator.write_docs() is not None
    pages = [p for p in validator.docs.rglob("*") if p.suffix in {".html", ".json"}]
    results = list((scratch.home / "quality").rglob("*.json"))
    assert len(pages) > 2 and results
    told += [p.read_text(encoding="utf-8") for p in [*pages, *results]]
    for text in told:
        assert NUMBER not in text
        assert NAME not in text
        assert scratch.secret("pg:telmart") not in text


def test_every_type_named_in_a_suite_exists(scratch: Settings, validator) -> None:
    from great_expectations import expectations

    for made in [*arrival_suites(scratch).values(), *mart_suites(scratch).values()]:
        for item in made.rules:
            kind = getattr(expectations, item.type)
            kind(**item.kwargs, description=item.description, severity=item.severity)


@pytest.mark.parametrize(
    ("rows", "ratio", "beyond_noise"),
    [
        ([400, 400, 400, 200], 0.5, 0.7),  # 4 sigma of 400 are 80 rows
        ([10, 12, 9, 5], 0.5, 1.0),  # a dozen events: 5 is nothing unusual
        ([1_000_000, 1_000_000, 500_000], 0.5, 0.504),
        ([100, 100, 100, 100], 1.0, 1.0),
        ([0, 0, 5], None, None),
    ],
)
def test_usual_is_the_median_of_the_nearest_months(
    scratch: Settings, rows: list[int], ratio: float | None, beyond_noise: float | None
) -> None:
    with connect(scratch) as warehouse:
        keep(warehouse, "usual.test", {
            f"2026-{month:02d}-01": {"row_cnt": count}
            for month, count in enumerate(rows, start=1)
        })  # fmt: skip
        row = warehouse.execute(
            "select ratio, ratio_beyond_noise from quality.profile_usual"
            " where subject = 'usual.test' order by period desc limit 1"
        ).fetchone()
        warehouse.rollback()
    assert row is not None
    for found, wanted in zip(row, (ratio, beyond_noise), strict=True):
        assert (found is None) == (wanted is None)
        if wanted is not None:
            assert abs(float(found) - wanted) < 0.002
