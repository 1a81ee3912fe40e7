"""``telmart load | feeds | quarantine`` as people type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from orchestration.settings import ROOT
from tests.contracts.test_versions import contract
from tests.loader.support import FEED, Warehouse, row, rows, text

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def telmart(warehouse: Warehouse) -> Run:
    """Run the command line against the warehouse under test."""
    env = {
        **os.environ,
        "TELMART_HOME": str(warehouse.settings.home),
        "TELMART_PG_PORT": str(warehouse.settings.pg_port),
        "TELMART_LANDING": warehouse.settings.landing,
        "COLUMNS": "200",
    }
    env.pop("TELMART_OPERATOR", None)

    def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "orchestration.cli", *args],
            cwd=ROOT, env=env | more, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    return run


def test_load_and_look(warehouse: Warehouse, telmart: Run) -> None:
    path = str(warehouse.file("x.csv", text([*rows(100), row(101, recharge_amt="[x]")])))
    load = ("load", "boss.recharge", "2026-10", path)
    dry = telmart(*load, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "100 rows would be loaded" in dry.stdout
    done = telmart(*load)
    assert done.returncode == 0, done.stderr
    assert "boss.recharge 2026-10: 100 rows loaded as load 1 in" in done.stdout
    assert "x.csv, line 102, column recharge_amt, value '[x]': is not a valid" in done.stdout
    again = telmart(*load, "--json")
    assert json.loads(again.stdout)["state"] == "skipped"

    feeds = {f["feed"]: f for f in json.loads(telmart("feeds", "--json").stdout)}
    assert (feeds["boss.recharge"]["state"], feeds["boss.recharge"]["rows"]) == ("loaded", 100)
    assert "boss.recharge" in telmart("feeds").stdout
    listed = telmart("quarantine", "list").stdout
    assert "Load 1 boss.recharge 2026-10 (loaded, current): 1 rows" in listed
    shown = telmart("quarantine", "show", "1").stdout
    assert "value '[x]'" in shown
    assert row(101, recharge_amt="[x]") in shown


def test_correct_and_drop(warehouse: Warehouse, telmart: Run) -> None:
    lines = [*rows(200), row(201, recharge_amt="x"), row(202, recharge_amt="y")]
    warehouse.load(warehouse.file("x.csv", text(lines)))
    export = warehouse.folder / "bad.csv"
    assert "2 rows written" in telmart("quarantine", "export", "1", str(export)).stdout
    content = export.read_text(encoding="utf-8-sig").splitlines()
    export.write_text("\n".join([content[0], content[1].replace(",x,", ",3.00,")]))
    replayed = telmart("quarantine", "replay", "1", str(export))
    assert replayed.returncode == 0, replayed.stderr
    assert "now has 201 rows" in replayed.stdout
    assert "1 rows dropped" in telmart("quarantine", "drop", "1").stdout
    assert "empty" in telmart("quarantine", "list").stdout


def test_a_refused_load_says_what_to_do_and_exits_with_1(
    warehouse: Warehouse, telmart: Run
) -> None:
    done = telmart("load", "boss.recharge", "2026-10", str(warehouse.file("x.csv", "a,b\n")))
    assert done.returncode == 1
    assert "Error: x.csv, line 1: no column of boss.recharge" in done.stderr
    assert "What to do: The first line must name the columns" in done.stderr
    assert telmart("load", "boss.recharge").returncode == 2


@pytest.mark.fast
def test_contracts_from_the_command_line() -> None:
    def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "feeds", *args],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    template = run("template", "boss.recharge").stdout
    assert template == "recharge_id,subscriber_id,recharged_at,recharge_amt,recharge_channel\n"
    described = json.loads(run("describe", "hr.staff", "--json").stdout)
    assert [c["name"] for c in described["columns"]][:2] == ["staff_id", "staff_name"]
    assert "充值金额" in run("describe", "boss.recharge").stdout
    wrong = run("describe", "boss.rechrge")
    assert (wrong.returncode, "Did you mean boss.recharge?" in wrong.stderr) == (1, True)


def test_drift_is_shown(warehouse: Warehouse, telmart: Run) -> None:
    header = "recharge_id,subscriber_id,recharged_at,recharge_amt,recharge_channel,[red]note"
    path = str(warehouse.file("x.csv", text([f"{line},n" for line in rows(3)], header)))
    told = "x.csv: column '[red]note' is not in the contract; its values are kept in _extra"
    load = ("load", "boss.recharge", "2026-10", path)
    assert f"Drift: {told}" in telmart(*load, "--dry-run").stdout
    assert f"Drift: {told}" in telmart(*load).stdout
    assert f"boss.recharge 2026-10: {told}" in telmart("feeds").stdout
    (feed,) = [
        f for f in json.loads(telmart("feeds", "--json").stdout) if f["feed"] == "boss.recharge"
    ]
    assert feed["drift"] == [told]
    (state,) = json.loads(telmart("status", "--json").stdout)["feeds"]
    assert state["drift_cnt"] == 1
    assert "1 noted differences from the contract: telmart feeds" in telmart("status").stdout


def test_describe_names_earlier_versions(warehouse: Warehouse, telmart: Run) -> None:
    warehouse.with_operator({FEED: contract("1.1.0")})
    operator = warehouse.folder / "operator"
    earlier = operator / "contracts/boss/recharge@1.0.0.yaml"
    earlier.write_text(contract("1.0.0", "2025-12"), encoding="utf-8")
    shown = telmart("feeds", "describe", FEED, TELMART_OPERATOR=str(operator))
    assert "(version 1.1.0)" in shown.stdout
    assert "Until 2025-12 version 1.0.0 holds: recharge@1.0.0.yaml" in shown.stdout
    assert telmart("feeds", TELMART_OPERATOR=str(operator)).returncode == 0
