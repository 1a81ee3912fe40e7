"""Exactly once, versions kept, and what is pending."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orchestration.loader import discover, pending, strays
from orchestration.loader.overview import feed_states
from tests.loader.support import FEED, HEADER, PERIOD, Warehouse, rows, text


def land(warehouse: Warehouse, period: str, count: int, name: str = "x.csv") -> Path:
    path = Path(warehouse.settings.landing) / "boss/recharge" / period / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(rows(count)).replace("2026-10", period))
    return path


def test_the_same_file_again_is_loaded_once(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", text(rows(5)))
    warehouse.load(path)
    contents = warehouse.contents()
    again = warehouse.load(path)
    renamed = warehouse.load(path.rename(path.with_name("y.csv")))
    assert (again.state, again.same_as_load_id, renamed.state) == ("skipped", 1, "skipped")
    assert warehouse.contents() == contents
    assert warehouse.ledger() == [("loaded", True, 5), ("skipped", False, 0), ("skipped", False, 0)]


def test_a_changed_file_is_a_new_version_and_the_old_one_is_kept(warehouse: Warehouse) -> None:
    warehouse.load(warehouse.file("x.csv", text(rows(5))))
    old = warehouse.contents()
    changed = warehouse.load(warehouse.file("x.csv", text(rows(6))))
    assert (changed.state, changed.replaced_load_id, warehouse.count()) == ("loaded", 1, 6)
    assert warehouse.ledger() == [("loaded", False, 5), ("loaded", True, 6)]
    now = warehouse.contents()
    assert now["raw_old.boss__recharge__p202610__l1"] == old["raw.boss__recharge__p202610"]
    assert now["raw.boss__recharge__p202610"][0] == 6
    assert warehouse.query("select distinct _load_id from raw.boss__recharge") == [(2,)]
    # and back again: the content of the first version is new once more
    assert warehouse.load(warehouse.file("x.csv", text(rows(5)))).state == "loaded"
    assert warehouse.query("select count(*) from ops.load where is_current") == [(1,)]


def test_the_same_file_after_a_rejected_one(warehouse: Warehouse) -> None:
    good = warehouse.file("x.csv", text(rows(5)))
    warehouse.load(good)
    assert warehouse.load(warehouse.file("y.csv", HEADER + "\n")).state == "rejected"
    assert warehouse.load(good).state == "skipped"


def test_the_same_file_under_a_new_version_of_the_contract(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", text(rows(5)))
    warehouse.load(path)
    contract = (Path(__file__).parents[2] / "expectations/contracts/boss/recharge.yaml").read_text()
    newer = warehouse.with_operator({FEED: contract.replace("version: 1.0.0", "version: 1.0.1")})
    assert newer.load(path).state == "loaded"
    assert newer.query("select contract_version from ops.load where is_current") == [("1.0.1",)]


def test_periods_are_partitions_of_their_own(warehouse: Warehouse) -> None:
    for period, count in (("2026-09", 3), ("2026-10", 5)):
        warehouse.load(land(warehouse, period, count), period=period)
    got = "select _period::text, count(*) from raw.boss__recharge group by 1 order by 1"
    assert warehouse.query(got) == [("2026-09-01", 3), ("2026-10-01", 5)]
    plan = "explain select * from raw.boss__recharge where _period = '2026-09-01'"
    text_of_plan = str(warehouse.query(plan))
    assert "p202609" in text_of_plan
    assert "p202610" not in text_of_plan


def test_a_dry_run_checks_and_keeps_nothing(warehouse: Warehouse) -> None:
    good = warehouse.load(warehouse.file("x.csv", text(rows(5))), dry_run=True)
    bad = warehouse.load(warehouse.file("y.csv", text([*rows(3), "1,2"])), dry_run=True)
    assert (good.state, good.rows_loaded, good.load_id) == ("loaded", 5, None)
    assert (bad.state, bad.problems) == ("rejected", ["y.csv, line 5: the row has 2 fields, not 5"])
    assert warehouse.ledger() == []
    assert warehouse.contents() == {}
    assert warehouse.quarantine() == []


# ---- the landing area --------------------------------------------------------------------------
def test_what_is_pending(warehouse: Warehouse) -> None:
    first, second = land(warehouse, "2026-09", 3), land(warehouse, "2026-10", 5)
    land(warehouse, "2026-10", 5, ".hidden.csv")
    land(warehouse, "2026-10", 5, "late.csv.part")
    found = [(a.feed, a.period, [f.name for f in a.files]) for a in discover(warehouse.settings)]
    assert found == [(FEED, "2026-09", ["x.csv"]), (FEED, "2026-10", ["x.csv"])]

    def left() -> list[str]:
        return [a.period for a in pending(warehouse.settings)]

    assert left() == ["2026-09", "2026-10"]
    warehouse.load(first, period="2026-09")
    assert left() == ["2026-10"]
    warehouse.load(second)
    assert left() == []
    land(warehouse, "2026-09", 4)
    assert left() == ["2026-09"]
    land(warehouse, "2026-09", 3)
    assert left() == [], "the content is what is loaded"
    land(warehouse, "2026-09", 2, "y.csv")
    assert left() == ["2026-09"], "a second file"


def test_a_touched_file_is_hashed_once(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.loader import landing, opening

    path = land(warehouse, PERIOD, 5)
    warehouse.load(path)
    os.utime(path, ns=(1, 1))
    hashed: list[Path] = []
    monkeypatch.setattr(landing, "sha256_of", lambda p: hashed.append(p) or opening.sha256_of(p))
    assert pending(warehouse.settings) == []
    assert hashed == [path]
    assert pending(warehouse.settings) == []
    assert hashed == [path], "its new time is remembered"


def test_a_manifest_that_comes_later_is_pending(warehouse: Warehouse) -> None:
    path = land(warehouse, PERIOD, 5)
    warehouse.load(path)
    path.with_name("manifest.json").write_text(json.dumps({"row_count": 5}))
    assert [a.period for a in pending(warehouse.settings)] == [PERIOD]
    assert warehouse.load(path).state == "loaded"
    assert pending(warehouse.settings) == []


def test_folders_that_nobody_reads_are_named(warehouse: Warehouse) -> None:
    root = Path(warehouse.settings.landing)
    for folder in ("boss/recharges/2026-10", "boss/recharge/202610", "boss/recharge/2026-10"):
        (root / folder).mkdir(parents=True)
    found = strays(warehouse.settings)
    assert len(found) == 2
    assert "there is no feed boss.recharges" in found[1]
    assert "'202610' is not a period of boss.recharge" in found[0]
    assert discover(warehouse.settings) == []


def test_the_state_of_every_feed(warehouse: Warehouse) -> None:
    warehouse.load(land(warehouse, "2026-09", 3), period="2026-09")
    bad = land(warehouse, "2026-10", 3)
    bad.write_text(HEADER + "\n")
    warehouse.load(bad)
    states = {s["feed"]: s for s in feed_states(warehouse.settings)}
    assert states[FEED]["state"] == "rejected"
    assert (states[FEED]["period"], states[FEED]["rows"]) == ("2026-09", 3)
    assert "header but no rows" in states[FEED]["error"]
    assert states["hr.staff"]["state"] == "never"
    warehouse.load(land(warehouse, "2026-10", 3))
    states = {s["feed"]: s for s in feed_states(warehouse.settings)}
    assert (states[FEED]["state"], states[FEED]["period"]) == ("loaded", "2026-10")


def test_a_correction_by_hand_stands_until_the_sender_sends_anew(warehouse: Warehouse) -> None:
    sent = land(warehouse, PERIOD, 5)
    warehouse.load(sent)
    corrected = warehouse.load(warehouse.file("corrected.csv", text(rows(6))))
    assert corrected.state == "loaded"
    assert pending(warehouse.settings) == [], "the old file must not come back over it"
    os.utime(sent, ns=(1, 1))  # written again, with whatever in it
    assert [(a.feed, a.period) for a in pending(warehouse.settings)] == [(FEED, PERIOD)]


def test_a_file_refused_again_and_again_fills_no_quarantine(warehouse: Warehouse) -> None:
    bad = land(warehouse, PERIOD, 5)
    bad.write_text(bad.read_text().replace("R00", "R00,"))
    kept = set()
    for _ in range(3):
        assert warehouse.load(bad).state == "rejected"
        kept.add(len(warehouse.quarantine()))
    assert len(kept) == 1, "each attempt replaces the rows of the one before"
    assert kept != {0}
