"""An old period loads under the version of the contract it was agreed under."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.errors import TelmartError
from orchestration.loader import corrections, pending
from tests.contracts.test_versions import FEED, contract
from tests.loader.support import HEADER, Warehouse, row, rows, text

OLD, NEW = "2025-12", "2026-10"
#: today: amounts are wider, a channel more, the subscriber is gone and a shop is required
TODAY = contract(
    "2.0.0", None,
    ("numeric(18,2)", "numeric(20,4)"),
    ("[hall, dealer, online, bank, card]", "[hall, dealer, online, bank, card, kiosk]"),
    ("name: subscriber_id\n", "name: shop_id\n"),
    ("[SUBS_ID, 用户编号]", "[SHOP]"), ("value: 用户标识", "value: 营业厅标识"),
    ("        relationships:\n          - {type: foreignKey, to:"
     ' "../crm/subscriber.yaml#schema/subscriber/properties/subscriber_id"}\n', ""),
)  # fmt: skip
TODAY_HEADER = HEADER.replace("subscriber_id", "shop_id")


@pytest.fixture
def versioned(warehouse: Warehouse) -> Warehouse:
    """Version 1.0.0 until 2025-12, 2.0.0 since."""
    operator = warehouse.with_operator({FEED: TODAY})
    folder = warehouse.folder / "operator/contracts/boss"
    (folder / "recharge@1.0.0.yaml").write_text(contract("1.0.0", OLD), encoding="utf-8")
    return operator


def land(warehouse: Warehouse, period: str, content: str) -> Path:
    path = Path(warehouse.settings.landing) / "boss/recharge" / period / "x.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def old_rows(count: int) -> list[str]:
    return [line.replace("2026-10", OLD) for line in rows(count)]


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)], ids=["old first", "new first"])
def test_each_period_loads_under_its_version(versioned: Warehouse, order: tuple[str, str]) -> None:
    files = {
        OLD: land(versioned, OLD, text(old_rows(2))),
        NEW: land(versioned, NEW, text([row(5, recharge_amt="1.2345", recharge_channel="kiosk")],
                                       TODAY_HEADER)),
    }  # fmt: skip
    for period in order:
        result = versioned.load(files[period], period=period)
        assert result.state == "loaded", result.error
    assert versioned.query(
        "select _period::text, subscriber_id, shop_id, recharge_amt from raw.boss__recharge"
        " order by recharge_id"
    ) == [
        ("2025-12-01", "S00001", None, Decimal("2.5000")),
        ("2025-12-01", "S00002", None, Decimal("3.5000")),
        ("2026-10-01", None, "S00005", Decimal("1.2345")),
    ]
    used = "select period, contract_version from ops.load where is_current order by 1"
    assert versioned.query(used) == [(OLD, "1.0.0"), (NEW, "2.0.0")]
    assert pending(versioned.settings) == []
    for period, path in files.items():
        assert versioned.load(path, period=period).state == "skipped"


def test_the_checks_are_those_of_the_old_version(versioned: Warehouse) -> None:
    new = land(versioned, NEW, text([row(5)], TODAY_HEADER))
    assert versioned.load(new, period=NEW).state == "loaded"
    kiosk = [line.replace(",hall", ",kiosk") for line in old_rows(100)]
    result = versioned.load(versioned.file("x.csv", text(kiosk)), period=OLD)
    assert result.state == "rejected"
    assert "is not one of hall, dealer, online, bank, card" in result.error
    newer = text(old_rows(5), TODAY_HEADER)
    result = versioned.load(versioned.file("y.csv", newer), period=OLD)
    assert "missing subscriber_id; not in the contract: 'shop_id'" in result.error
    # more decimals than the old version has are rounded to it, though the raw column has room
    exact = text([row(1, recharge_amt="1.23456").replace("2026-10", OLD)])
    assert versioned.load(versioned.file("z.csv", exact), period=OLD).state == "loaded"
    got = versioned.query(
        "select recharge_amt from raw.boss__recharge where _period < '2026-01-01'"
    )
    assert got == [(Decimal("1.2300"),)]


def test_a_new_version_leaves_old_periods_alone(warehouse: Warehouse) -> None:
    old, new = land(warehouse, OLD, text(old_rows(3))), land(warehouse, NEW, text(rows(3)))
    for path, period in ((old, OLD), (new, NEW)):
        warehouse.load(path, period=period)
    operator = warehouse.with_operator({FEED: TODAY})
    assert [a.period for a in pending(operator.settings)] == [OLD, NEW]
    folder = warehouse.folder / "operator/contracts/boss"
    (folder / "recharge@1.0.0.yaml").write_text(contract("1.0.0", OLD), encoding="utf-8")
    assert [a.period for a in pending(operator.settings)] == [NEW]
    assert operator.load(old, period=OLD).state == "skipped"


def test_corrections_go_by_the_period_s_version(versioned: Warehouse) -> None:
    lines = [row(1, recharge_amt="x").replace("2026-10", OLD), *old_rows(100)[1:]]
    assert versioned.load(versioned.file("x.csv", text(lines)), period=OLD).state == "loaded"
    exported = versioned.folder / "bad.csv"
    corrections.export(versioned.settings, 1, exported)
    exported.write_text(exported.read_text(encoding="utf-8").replace(",x,", ",5.00,"), "utf-8")
    result = corrections.replay(versioned.settings, 1, exported)
    assert (result.state, result.rows_loaded) == ("loaded", 100), result.error


def test_a_version_that_raw_cannot_hold_any_more_is_refused(warehouse: Warehouse) -> None:
    old = warehouse.file("x.csv", text(old_rows(3)))
    warehouse.load(old, period=OLD)
    other = contract("1.0.0", OLD, ("numeric(18,2)", "double precision"))
    today = contract("2.0.0", None, ("numeric(18,2)", "double precision"))
    operator = warehouse.with_operator({FEED: today})
    folder = warehouse.folder / "operator/contracts/boss"
    (folder / "recharge@1.0.0.yaml").write_text(other, encoding="utf-8")
    with pytest.raises(TelmartError, match=r"recharge@1\.0\.0\.yaml says recharge_amt is double"):
        operator.load(warehouse.file("y.csv", text(old_rows(4))), period=OLD)
    assert warehouse.count() == 3
