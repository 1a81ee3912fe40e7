"""Files that arrive are loaded by themselves: Dagster's daemon, the sensor, a real landing area.

The tests run in the order of the file and share one installation.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from orchestration.engine.services import watcher
from orchestration.loader.settling import SETTLE_S
from orchestration.refresh.instance import JOB, open_instance, write_config
from orchestration.refresh.lock import refresh_lock
from orchestration.refresh.watch import look
from tests.orchestration.conftest import HANDFUL, LATEST, Operator, environment

BILL = "boss.subscriber_bill"


@pytest.fixture(scope="module")
def watched(frugal: Operator) -> Iterator[Operator]:
    """A few feeds; the last month has not arrived."""
    write_config(frugal.settings)
    with environment(frugal.settings):
        yield frugal
        watcher(frugal.settings).stop()


def runs(here: Operator) -> list[dg.DagsterRun]:
    """Runs the sensor started, the latest first."""
    found = open_instance(here.settings).get_runs(dg.RunsFilter(job_name=JOB))
    return [run for run in found if "dagster/sensor_name" in run.tags]


def waiting_for(what: Callable[[], bool], seconds: float) -> float:
    """Seconds until ``what`` was true."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.5)
    return time.monotonic() - began


def _is_dagster(process: psutil.Process) -> bool:
    try:
        return "dagster" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def folder(here: Operator, feed: str, month: str = LATEST) -> Path:
    return here.landing / Path(*feed.split("."), month)


# ---- what the sensor sees --------------------------------------------------------------------


def test_nothing_new_starts_nothing(watched: Operator) -> None:
    assert look(watched.settings).key == ""


def test_half_copied_file_waits_for_what_the_manifest_says(watched: Operator) -> None:
    watched.restore(BILL, LATEST)
    (file,) = [p for p in folder(watched, BILL).iterdir() if p.name != "manifest.json"]
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    seen = look(watched.settings)
    assert (seen.key, seen.said) == ("", f"Still being written: {BILL} {LATEST}")
    file.write_bytes(whole)
    assert look(watched.settings).key, "it is there as a whole: nothing more to wait for"
    shutil.rmtree(folder(watched, BILL))


def test_without_a_manifest_a_file_must_be_quiet_for_a_while(watched: Operator) -> None:
    watched.restore(BILL, LATEST)
    (folder(watched, BILL) / "manifest.json").unlink()
    (file,) = folder(watched, BILL).iterdir()
    os.utime(file, (0, 0))  # a copy that keeps the time of its origin is not old for that
    now = time.time()
    assert look(watched.settings, now).key == ""
    assert look(watched.settings, now + SETTLE_S + 1).key
    shutil.rmtree(folder(watched, BILL))


def test_while_a_refresh_is_at_work_nothing_piles_up(watched: Operator) -> None:
    watched.restore(BILL, LATEST)
    with refresh_lock(watched.settings):
        assert look(watched.settings).said == "A refresh is at work."
    assert look(watched.settings).key
    shutil.rmtree(folder(watched, BILL))


def test_refused_file_is_new_again_only_when_it_changed(watched: Operator) -> None:
    watched.restore(BILL, LATEST)
    manifest = folder(watched, BILL) / "manifest.json"
    good = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(good) | {"row_count": 1}))
    assert look(watched.settings).key
    assert not watched.run().success
    seen = look(watched.settings)
    assert (seen.key, seen.said) == ("", f"Refused, and unchanged since: {BILL} {LATEST}")
    manifest.write_text(json.dumps(json.loads(good) | {"row_count": 2}))
    assert look(watched.settings).key
    shutil.rmtree(folder(watched, BILL))
    watched.run()  # what was withdrawn holds nothing back


# ---- what it does ----------------------------------------------------------------------------


def test_month_that_arrives_is_published_without_a_command(watched: Operator) -> None:
    service = watcher(watched.settings)
    assert service.start() is True
    assert service.is_healthy()
    for feed in sorted(HANDFUL):
        watched.restore(feed, LATEST)
    # a minute or so on a quiet machine
    waiting_for(lambda: watched.state()["stat_month"] == "2026-10-01", 420)
    # the last run ends a moment after it has published
    waiting_for(lambda: all(run.is_finished for run in runs(watched)), 120)
    assert {run.status for run in runs(watched)} == {dg.DagsterRunStatus.SUCCESS}
    loads = watched.all(
        "select feed, count(*) from ops.load where period = %s and state = 'loaded' group by 1",
        LATEST,
    )
    assert dict(loads) == dict.fromkeys(HANDFUL, 1), "nothing is loaded twice"


def test_killed_daemon_comes_back_and_starts_nothing_twice(watched: Operator) -> None:
    service = watcher(watched.settings)
    service.start()
    before = len(runs(watched))
    running = service.process()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    running.wait(10)
    assert service.process() is None
    assert not service.is_healthy()
    assert service.start() is True
    assert service.is_healthy()
    assert service.stop() is True
    assert service.process() is None
    homes = [p.environ().get("TELMART_HOME") for p in psutil.process_iter() if _is_dagster(p)]
    assert str(watched.settings.home) not in homes, "a code server was left behind"
    assert len(runs(watched)) == before
