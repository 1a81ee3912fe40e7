"""Old periods are tested by the rules of their own version, new columns do not stand in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.contracts import all_feeds
from orchestration.engine.databases import connect
from orchestration.quality.arrival import check_arrival, window
from orchestration.quality.rules import Outcome
from orchestration.quality.suites import arrival_suites
from orchestration.quality.validator import Validator
from orchestration.settings import Settings
from tests.contracts.test_versions import FEED, contract
from tests.loader.support import HEADER, PERIOD, Warehouse, rows, text

OLD = "2025-12"
#: today a channel is no longer known, and a branch is required
TODAY = contract("1.1.0", None, ("dealer, online, bank, card]", "dealer, online, bank]")) + (
    "      - name: branch_id\n        logicalType: string\n        physicalType: text\n"
    "        required: true\n"
)


@pytest.fixture
def warehouse(scratch: Settings, tmp_path: Path) -> Iterator[Warehouse]:
    made = Warehouse(scratch, tmp_path).with_operator({FEED: TODAY})
    folder = tmp_path / "operator/contracts/boss"
    (folder / "recharge@1.0.0.yaml").write_text(contract("1.0.0", OLD), encoding="utf-8")
    with connect(scratch) as connection:
        connection.execute("truncate ops.load, ops.quarantine cascade")
        connection.execute("drop table if exists raw.boss__recharge cascade")
    yield made
    with connect(scratch) as connection:
        connection.execute("truncate ops.load, ops.quarantine cascade")
        connection.execute("drop table if exists raw.boss__recharge cascade")
        connection.execute("delete from quality.profile where subject = %s", [FEED])


def checked(warehouse: Warehouse) -> list[Outcome]:
    feeds = all_feeds(warehouse.settings)
    suite = arrival_suites(warehouse.settings)[FEED]
    with connect(warehouse.settings) as connection:
        found = window(connection, feeds[FEED], suite)
        validator = Validator(warehouse.settings, "a-run")
        return check_arrival(connection, validator, feeds, suite, found)


def test_each_period_is_tested_by_its_version(warehouse: Warehouse) -> None:
    old = text([f"{line},new".replace("2026-10", OLD) for line in rows(5)], f"{HEADER},note")
    good = [line for line in rows(9) if not line.endswith("card")]
    new = text([f"{line},B1" for line in good], f"{HEADER},branch_id")
    for period, content in ((OLD, old), (PERIOD, new)):
        result = warehouse.load(warehouse.file(f"{period}.csv", content), period=period)
        assert result.state == "loaded", result.error
    outcomes = checked(warehouse)
    assert [o.rule.id for o in outcomes if not o.success] == []
    tested = {(o.rule.id, o.period) for o in outcomes}
    assert ("branch_id_not_null", PERIOD) in tested
    assert ("branch_id_not_null", OLD) not in tested
    assert {("recharge_channel_is_known", OLD), ("recharge_channel_is_known", PERIOD)} <= tested
    with connect(warehouse.settings) as connection:
        connection.execute("update raw.boss__recharge set recharge_channel = 'card'")
    failed = {(o.rule.id, o.period) for o in checked(warehouse) if not o.success}
    assert failed == {("recharge_channel_is_known", PERIOD)}
