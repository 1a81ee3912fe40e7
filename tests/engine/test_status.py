"""``telmart status`` tells what stands and what waits, also when nothing runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.installation.state import read_state
from orchestration.loader import load_period
from orchestration.settings import ROOT, Settings
from tests.conftest import scratch_settings

HEADER = "product_id,product_name,product_name_en,product_family,is_new_business,list_fee_amt\n"
GOOD = HEADER + "P1,畅享套餐,Basic,tariff,false,38.00\n"
BAD = HEADER + "P1,畅享套餐,Basic,no_such_family,false,38.00\n"


@pytest.fixture
def landing(scratch: Settings) -> Path:
    folder = Path(scratch.landing) / "boss/product/2026-10"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _state_of(settings: Settings) -> dict[str, object]:
    rows = [r for r in read_state(settings)["feeds"] if r["feed"] == "boss.product"]
    assert len(rows) == 1
    return rows[0]


def test_refused_file_shows_until_a_good_one_lies_there(scratch: Settings, landing: Path) -> None:
    file = landing / "product.csv"
    file.write_text(GOOD)
    load_period(scratch, "boss.product", "2026-10", [file])
    assert _state_of(scratch)["state"] == "loaded"
    file.write_text(BAD)
    load_period(scratch, "boss.product", "2026-10", [file])
    refused = _state_of(scratch)
    assert refused["state"] == "rejected"
    assert "no_such_family" in str(refused["error"])
    file.write_text(GOOD)  # the very file that is loaded: nothing is loaded again
    assert _state_of(scratch)["state"] == "loaded"


def test_status_as_json_without_a_server(tmp_path: Path) -> None:
    settings = scratch_settings(tmp_path)
    env = os.environ | {"TELMART_HOME": str(tmp_path), "TELMART_PG_PORT": str(settings.pg_port)}
    command = [sys.executable, "-m", "orchestration.cli", "status", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    state = json.loads(done.stdout)
    assert state["engine"]["healthy"] is False
    assert {s["name"] for s in state["services"]} == {"superset", "dagster", "dagster-daemon"}
    assert set(state["services"][0]) == {"name", "url", "healthy"}
    assert state["feeds"] == state["marts"] == []


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["no-such-command"], 2), (["psql", "--as"], 2)]
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    command = [sys.executable, "-m", "orchestration.cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code


def test_failure_is_a_message_with_a_remedy_not_a_traceback(tmp_path: Path) -> None:
    settings = scratch_settings(tmp_path)
    env = os.environ | {"TELMART_HOME": str(tmp_path), "TELMART_PG_PORT": str(settings.pg_port)}
    command = [sys.executable, "-m", "orchestration.cli", "run"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "telmart up" in done.stderr
    assert "Traceback" not in done.stderr
