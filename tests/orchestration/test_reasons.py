"""What people are told quotes nothing from a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.publication import Hold
from orchestration.refresh.dbt_results import FailedNode, failed_nodes, reasons
from orchestration.refresh.execute import Outcome, explain
from orchestration.refresh.loading import public_reason

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            "f.csv, line 2, column opened_on, value '2036-05-17': is after 2026-10-31.",
            "f.csv, line 2, column opened_on: is after 2026-10-31",
        ),
        (
            "f.csv, line 3, column key, value (empty): is empty, but required.",
            "f.csv, line 3, column key: is empty, but required",
        ),
        (
            "f.csv, line 3, column name, value 'O\\'Brien': too long.",
            "f.csv, line 3, column name: too long",
        ),
        (
            "f.csv, line 1: no column is named there; it begins with '13812345678,张三'.",
            "f.csv, line 1: no column is named there; it begins with …",
        ),
        (
            'The server refused the rows: invalid input syntax for type numeric: "13812345678"',
            "The server refused the rows: invalid input syntax for type numeric: …",
        ),
        (
            "Key (subscriber_id)=(S001) already exists.",
            "Key (subscriber_id)=… already exists",
        ),
        (
            "The total of billed_amt is 1,330.07, but manifest.json says 2,330.07.",
            "The total of billed_amt is 1,330.07, but manifest.json says 2,330.07",
        ),
    ],
)
def test_values_are_left_out(error: str, told: str) -> None:
    assert public_reason(error) == told


def test_dbt_reasons_name_tests_and_counts(tmp_path: Path) -> None:
    results = [
        {"unique_id": "test.telmart.unique_x.abc", "status": "fail", "failures": 3},
        {"unique_id": "model.telmart.dim_staff", "status": "error", "failures": None},
        {"unique_id": "model.telmart.dim_month", "status": "success", "failures": None},
    ]
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
    failed = failed_nodes(tmp_path)
    assert failed == [
        FailedNode("test", "unique_x", 3, "test.telmart.unique_x.abc"),
        FailedNode("model", "dim_staff", None, "model.telmart.dim_staff"),
    ]
    zh, en = reasons(failed)
    assert en == (
        "The models did not pass: test unique_x found 3 rows; model dim_staff ended with an error."
    )
    assert "检验 unique_x 发现 3 行不符" in zh


def test_dbt_that_left_no_results_is_said_so(tmp_path: Path) -> None:
    zh, en = reasons(failed_nodes(tmp_path))
    assert "中断" in zh and "before it had built" in en


def test_who_is_kept_back_is_named_unless_all_are() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    hold = Hold(1, "crm.visit", "2026-10", "load", "坏。", "Broken.", at, ["value", "visits"])
    some = explain(Outcome(success=False, holds=[hold], going=["retention"]))
    assert some.message == "Not published: value, visits: Broken."
    assert explain(Outcome(success=False, holds=[hold])).message == "Nothing was published: Broken."
