"""Loads that are killed, and loads that meet: the warehouse is as before or fully loaded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.loader.faults import POINTS
from orchestration.settings import ROOT
from tests.loader.support import FEED, PERIOD, Warehouse, row, rows, text

NEW = [*rows(3000, 10), "bad row"]  # one bad row: both paths are taken, and quarantine written


def start(warehouse: Warehouse, file: Path, **env: str) -> subprocess.Popen[str]:
    settings = warehouse.settings
    return subprocess.Popen(
        [sys.executable, "-m", "tests.loader.process", str(settings.home), str(settings.pg_port),
         FEED, PERIOD, str(file)],
        cwd=ROOT, env={**os.environ, **env}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_there_are_ten_points() -> None:
    assert len(POINTS) == len(set(POINTS)) == 10


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_and_tried_again(warehouse: Warehouse, point: str) -> None:
    warehouse.load(warehouse.file("old.csv", text(rows(20))))
    before = warehouse.contents()
    file = warehouse.file("new.csv", text(NEW))

    killed = start(warehouse, file, TELMART_KILL_AT=point)
    _, complaint = killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL, complaint

    committed = point == "after_commit"
    after = warehouse.contents()
    assert (after == before) is not committed
    assert warehouse.count() == (3000 if committed else 20)
    assert warehouse.orphans() == []
    assert len(warehouse.quarantine()) == (1 if committed else 0)
    states = [state for state, _, _ in warehouse.ledger()]
    dead = point not in {"after_lock", "after_commit"}
    assert states == (["loaded", "loaded"] if committed else ["loaded", *["running"] * dead])

    again = warehouse.load(file)

    assert again.state == ("skipped" if committed else "loaded"), again.error
    assert warehouse.count() == 3000
    assert warehouse.orphans() == []
    assert len(warehouse.quarantine()) == 1
    assert sorted(warehouse.contents()) == [
        "raw.boss__recharge__p202610", "raw_old.boss__recharge__p202610__l1",
    ]  # fmt: skip
    states = [state for state, _, _ in warehouse.ledger()]
    assert "running" not in states
    assert states.count("failed") == int(dead)
    assert warehouse.query("select count(*) from ops.load where is_current") == [(1,)]


def test_the_server_is_lost_in_the_middle(warehouse: Warehouse) -> None:
    """The connection breaks, not the loader: the message says so, and the next attempt loads."""
    warehouse.load(warehouse.file("old.csv", text(rows(20))))
    file = warehouse.file("new.csv", text(rows(20_000)))

    def cut(_name: str, _bytes: int) -> None:
        with connect(warehouse.settings, autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(backend_pid, 5000) from ops.load"
                " where state = 'running'"
            )

    with pytest.raises(TelmartError, match="connection to the warehouse was lost"):
        warehouse.load(file, progress=cut)
    assert warehouse.count() == 20
    assert warehouse.load(file).state == "loaded"
    assert [state for state, _, _ in warehouse.ledger()] == ["loaded", "failed", "loaded"]
    assert warehouse.orphans() == []


def test_two_loads_of_one_period_at_once(warehouse: Warehouse) -> None:
    """The second is told who is at it; neither disturbs the other."""
    slow = warehouse.file("slow.csv", text(rows(50_000)))
    other = warehouse.file("other.csv", text(rows(7)))
    seen: list[str] = []

    def meet(_name: str, _bytes: int) -> None:
        if seen:
            return
        seen.append("")
        second = start(warehouse, other)
        _, complaint = second.communicate(timeout=60)
        assert second.returncode == 1
        seen.append(complaint)

    result = warehouse.load(slow, progress=meet)
    assert result.state == "loaded"
    assert f"{FEED} {PERIOD} is being loaded by another process (load 1, since" in seen[1]
    assert "server process" in seen[1]
    assert warehouse.count() == 50_000
    assert warehouse.ledger() == [("loaded", True, 50_000), ("skipped", False, None)]
    assert warehouse.load(other).state == "loaded"


def test_many_loads_started_together_leave_one_version(warehouse: Warehouse) -> None:
    file = warehouse.file("x.csv", text(rows(2000)))
    running = [start(warehouse, file) for _ in range(3)]
    done = [(p.communicate(timeout=120), p.returncode) for p in running]
    states = [json.loads(out)["state"] for (out, _), code in done if code == 0]
    assert states.count("loaded") == 1
    assert set(states) <= {"loaded", "skipped"}
    assert warehouse.count() == 2000
    assert list(warehouse.contents()) == ["raw.boss__recharge__p202610"]
    assert warehouse.orphans() == []


def test_two_periods_of_one_feed_load_side_by_side(warehouse: Warehouse) -> None:
    september = warehouse.file("s.csv", text(rows(5)).replace("2026-10", "2026-09"))
    inner: list[str] = []

    def meet(_name: str, _bytes: int) -> None:
        if not inner:
            inner.append(warehouse.load(september, period="2026-09").state)

    result = warehouse.load(warehouse.file("o.csv", text(rows(9))), progress=meet)
    assert (result.state, inner, warehouse.count()) == ("loaded", ["loaded"], 14)


def test_a_long_query_on_the_table_does_not_lose_the_load(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.loader import partition

    monkeypatch.setattr(partition, "SWAP_TIMEOUT", "500ms")
    warehouse.load(warehouse.file("x.csv", text(rows(5))))
    with connect(warehouse.settings) as reader:
        reader.execute("select count(*) from raw.boss__recharge")  # holds its lock
        began = time.monotonic()
        result = warehouse.load(warehouse.file("y.csv", text([*rows(5), row(9)])))
        assert time.monotonic() - began < 30
    assert result.state == "failed"
    assert "raw.boss__recharge was being read for more than 500ms" in result.error
    assert warehouse.count() == 5
    assert warehouse.load(warehouse.folder / "y.csv").state == "loaded"
