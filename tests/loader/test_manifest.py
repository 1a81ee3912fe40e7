"""A manifest that disagrees stops the load; one that agrees is kept with it."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.loader.opening import sha256_of
from tests.loader.support import FEED, PERIOD, Warehouse, row, rows, text

LINES = rows(200)


@pytest.fixture
def total(warehouse: Warehouse) -> str:
    """The sum of the amounts, by hand."""
    from decimal import Decimal

    return str(sum(Decimal(line.split(",")[3]) for line in LINES))


def test_one_that_agrees(warehouse: Warehouse, total: str) -> None:
    path = warehouse.file("x.csv", text(LINES))
    warehouse.manifest(
        feed=FEED, period=PERIOD, row_count=200, control_totals={"recharge_amt": total},
        files=[{"name": "x.csv", "bytes": path.stat().st_size, "sha256": sha256_of(path)}],
    )  # fmt: skip
    result = warehouse.load(path)
    assert result.state == "loaded", result.error
    assert result.control_totals == {"recharge_amt": total}
    kept = warehouse.query("select manifest->>'row_count', control_totals from ops.load")
    assert kept == [("200", {"recharge_amt": total})]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"row_count": 201}, "The files hold 200 rows, but manifest.json says 201."),
        ({"control_totals": {"recharge_amt": "1.00"}}, "but manifest.json says 1.00 (difference"),
        ({"feed": "boss.product"}, "manifest.json says the feed is boss.product"),
        ({"period": "2026-09"}, "manifest.json says the period is 2026-09"),
        ({"files": [{"name": "x.csv", "bytes": 1}]}, "bytes, but manifest.json says 1."),
        ({"files": [{"name": "x.csv", "sha256": "00ff"}]}, "but manifest.json says 00ff"),
        ({"files": [{"name": "x.csv"}, {"name": "y.csv"}]}, "manifest.json names y.csv, not found"),
        ({"files": [{"name": "y.csv"}]}, "manifest.json names y.csv"),
        ({"row_count": "many"}, "row_count is 'many', not a whole number"),
        ({"control_totals": {"fee": "1"}}, "control_totals is 'fee', not numeric columns"),
        ({"control_totals": {"recharge_amt": "a"}}, "recharge_amt is 'a', not a number"),
        ({"rows": 200}, "rows is '200', not one of the fields"),
        ({"files": ["x.csv"]}, "files is"),
    ],
)
def test_one_that_does_not(warehouse: Warehouse, content: dict[str, Any], error: str) -> None:
    warehouse.load(warehouse.file("good/x.csv", text(rows(3))))
    contents = warehouse.contents()
    path = warehouse.file("x.csv", text(LINES))
    warehouse.manifest(**content)
    result = warehouse.load(path)
    assert result.state == "rejected"
    assert error in result.error
    assert result.remedy
    assert warehouse.contents() == contents
    assert warehouse.orphans() == []
    assert warehouse.ledger() == [("loaded", True, 3), ("rejected", False, 0)]


def test_one_that_is_not_json(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", text(LINES))
    warehouse.file("manifest.json", "{")
    result = warehouse.load(path)
    assert (result.state, warehouse.ledger()) == ("rejected", [("rejected", False, 0)])
    assert "manifest.json is not JSON" in result.error


def test_a_file_it_does_not_name(warehouse: Warehouse) -> None:
    paths = [warehouse.file(n, text(rows(5, s))) for n, s in (("x.csv", 1), ("y.csv", 6))]
    warehouse.manifest(files=[{"name": "x.csv"}])
    assert "manifest.json does not name y.csv" in warehouse.load(*paths).error


def test_a_period_that_really_has_no_rows(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", text([]))
    warehouse.manifest(row_count=0)
    result = warehouse.load(path)
    assert (result.state, result.rows_loaded, warehouse.count()) == ("loaded", 0, 0)


def test_quarantined_rows_are_counted_and_added_up(warehouse: Warehouse, total: str) -> None:
    """The sender's totals are over what was sent, so the rows set aside belong to them."""
    bad = row(201, recharge_channel="post", recharge_amt="10.00")
    path = warehouse.file("x.csv", text([*LINES, bad]))
    from decimal import Decimal

    warehouse.manifest(row_count=201, control_totals={"recharge_amt": str(Decimal(total) + 10)})
    result = warehouse.load(path)
    assert (result.state, result.rows_quarantined) == ("loaded", 1), result.error
    assert result.control_totals == {"recharge_amt": total}
    warehouse.manifest(row_count=201, control_totals={"recharge_amt": total})
    assert "difference 10.00" in warehouse.load(path).error


def test_a_value_that_cannot_be_read_cannot_be_added(warehouse: Warehouse, total: str) -> None:
    path = warehouse.file("x.csv", text([*LINES, row(201, recharge_amt="ten")]))
    warehouse.manifest(row_count=201, control_totals={"recharge_amt": "99999.00"})
    assert warehouse.load(path).state == "loaded"
