"""The refresh end to end on a small operator: what is published, what is held, and why.

The tests run in the order of the file and share one installation, as a data engineer's days do.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import dagster as dg
import psutil
import pytest

from orchestration.publication import open_hold
from orchestration.quality.suites import mart_suites
from orchestration.refresh.dbt_results import BESIDE, CHECK
from orchestration.refresh.execute import explain
from orchestration.refresh.instance import JOB, open_instance
from orchestration.refresh.lock import refresh_lock
from orchestration.sample import plant
from orchestration.settings import ROOT
from tests.orchestration.conftest import FEEDS, LATEST, Operator

BILL, USAGE, SUBSCRIBER = "boss.subscriber_bill", "boss.subscriber_usage", "crm.subscriber"


@pytest.fixture(autouse=True)
def _always(here: Operator) -> Iterator[None]:
    yield


def last_run(here: Operator) -> dg.DagsterRun:
    return open_instance(here.settings).get_runs(dg.RunsFilter(job_name=JOB), limit=1)[0]


def failure_texts(here: Operator, run_id: str) -> str:
    """What the Dagster UI shows of the steps that failed."""
    logs = open_instance(here.settings).all_logs(run_id)
    found = []
    for entry in logs:
        event = entry.dagster_event
        if event and event.is_step_failure:
            data = event.step_failure_data
            found.append(str(data.error))
            if data.user_failure_data:
                found.append(str(data.user_failure_data.description))
        if event and event.event_type_value == "ASSET_CHECK_EVALUATION":
            found.append(str(event.event_specific_data.description))
    return "\n".join(found)


def arrive(here: Operator, *feeds: str) -> None:
    """The latest month of some feeds arrives."""
    for feed in feeds:
        here.restore(feed, LATEST)


def assert_untouched(here: Operator, before: dict[str, str]) -> None:
    assert here.served() == before, "people see something that was not published"
    state = here.state()
    assert state["state"] == "held"
    assert state["stat_month"] == "2026-09-01"
    assert state["reason"] and state["reason_en"]


# ---- a good day ----------------------------------------------------------------------------


def test_first_run_published_everything(here: Operator) -> None:
    served = here.served()
    assert sorted(served) == [
        "mart_retention__cohort_month",
        "mart_retention__segment_month",
        "mart_retention__subscriber_month",
        "mart_retention__warning",
    ]
    months = here.all(
        "select count(distinct stat_month) from retention.mart_retention__segment_month"
    )
    assert months == [(17,)]
    assert here.state() == {
        "state": "current", "stat_month": "2026-09-01",
        "reason": None, "reason_en": None, "held_month": None,
    }  # fmt: skip
    assert here.all("select count(*) from ops.load where is_current and published_at is null") == [
        (0,)
    ]


def test_results_and_data_docs_are_kept(here: Operator) -> None:
    suites = here.all("select suite, count(*) from quality.check_result group by 1 order by 1")
    assert len(suites) == len(FEEDS) + len(mart_suites(here.settings))
    assert here.all("select count(*) from quality.check_result where not success") == [(0,)] or (
        here.all("select count(*) from quality.check_result where not success"
                 " and severity = 'critical'") == [(0,)]
    )  # fmt: skip
    assert (here.settings.home / "data_docs/index.html").exists()


def test_second_run_does_nothing_and_says_so(here: Operator) -> None:
    before, runs = here.served(), last_run(here).run_id
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Nothing to do" in done.stdout
    assert time.monotonic() - began < 20  # 1.5 s on a quiet machine; the goal is 10
    assert here.served() == before
    assert last_run(here).run_id == runs


# ---- a month that comes in pieces ------------------------------------------------------------


def test_incomplete_month_waits(here: Operator) -> None:
    before = here.served()
    arrive(here, BILL)
    outcome = here.run()
    assert outcome.success, outcome.failed_steps
    assert here.served() == before
    assert here.state()["state"] == "current"
    waiting = here.run()
    assert waiting.nothing_to_do
    raw = here.all(
        "select count(*) > 0 from raw.boss__subscriber_bill where _period = '2026-10-01'"
    )
    assert raw == [(True,)], "it is loaded, only not processed"


# ---- planted faults --------------------------------------------------------------------------


def test_half_volume_is_held(here: Operator) -> None:
    """The rest of the month arrives, with half of the usage missing and a manifest that agrees."""
    before = here.served()
    for path in sorted(here.pristine.glob(f"*/*/{LATEST}")):
        arrive(here, f"{path.parts[-3]}.{path.parts[-2]}")
    plant(here.landing, None, "half_volume")
    outcome = here.run()
    assert not outcome.success
    feed, period, check, reason, reason_en = here.holds()[0]
    assert (feed, period, check) == (USAGE, LATEST, "arrival")
    assert "number of rows" in reason_en and "usually" in reason_en
    assert "用户月用量" in reason or USAGE in reason
    assert "往期通常" in reason
    assert_untouched(here, before)
    assert here.state()["held_month"] == "2026-10-01"
    assert last_run(here).status == dg.DagsterRunStatus.FAILURE
    assert reason_en in failure_texts(here, outcome.run_id)
    assert reason_en.rstrip(".") in explain(outcome).message
    pending = here.all("select count(*) from ops.load where is_current and published_at is null")
    assert pending == [(9,)], "what failed its check must stay pending"
    failed = here.all(
        "select expectation, period from quality.check_result"
        " where not success and severity = 'critical' and run_id = %s", outcome.run_id,
    )  # fmt: skip
    assert ("volume", LATEST) in failed


def test_held_load_is_checked_again_and_still_held(here: Operator) -> None:
    """Nothing new arrived: the load that failed must not slip through as already loaded."""
    before = here.served()
    outcome = here.run()
    assert not outcome.success
    assert [h[:3] for h in here.holds()] == [(USAGE, LATEST, "arrival")]
    assert_untouched(here, before)


@pytest.mark.parametrize(
    ("fault", "feed", "word"),
    [
        ("null_key", BILL, "subscriber_id"),
        ("future_date", SUBSCRIBER, "opened_on"),
        ("wrong_total", BILL, "billed_amt"),
    ],
)
def test_refused_extract_is_held(here: Operator, fault: str, feed: str, word: str) -> None:
    before = here.served()
    raw = f"select count(*), min(_load_id) from raw.{feed.replace('.', '__')}"
    loaded = here.all(raw)
    plant(here.landing, None, fault, LATEST)
    outcome = here.run()
    assert not outcome.success
    hold = next(h for h in here.holds() if h[0] == feed)
    assert hold[1:3] == (LATEST, "load")
    assert word in hold[3] and word in hold[4]
    assert feed in hold[3]
    assert_untouched(here, before)
    assert here.all(raw) == loaded, "a refused extract must leave raw as it was"
    assert last_run(here).status == dg.DagsterRunStatus.FAILURE
    assert f"{feed} {LATEST}" in failure_texts(here, outcome.run_id)
    here.restore(feed, LATEST)


def test_reasons_quote_no_values(here: Operator) -> None:
    """Everybody reads the reason; numbers and names of customers do not belong there."""
    secrets = {
        value
        for row in here.all("select msisdn, customer_name from raw.crm__subscriber limit 5000")
        for value in row
    }
    told = here.all("select reason || reason_en from ops.hold")
    assert told
    for (text,) in told:
        assert not [s for s in secrets if s in text]
    for page in (here.settings.home / "data_docs").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not [s for s in secrets if s in text], page


def test_quarantined_keys_within_tolerance_are_held(here: Operator) -> None:
    """Few enough bad keys for the contract to load the rest; still somebody's bills are missing."""
    before = here.served()
    here.restore(USAGE, LATEST)  # the half month is put right
    plant(here.landing, None, "null_key", LATEST, share=0.01)
    outcome = here.run()
    assert not outcome.success
    holds = here.holds()
    assert [h[:3] for h in holds] == [(BILL, LATEST, "arrival")], "only the new fault is left"
    assert "quarantine" in holds[0][4]
    assert_untouched(here, before)
    here.restore(BILL, LATEST)


def test_mart_check_stops_publication(here: Operator) -> None:
    """All extracts are good now, but the mart holds a month that nobody delivered."""
    before = here.served()
    here.execute(
        "insert into build.mart_retention__warning"
        ' select (jsonb_populate_record(w, \'{"stat_month": "2027-03-01",'
        ' "warning_id": "planted"}\')).*'
        " from build.mart_retention__warning as w limit 1"
    )
    outcome = here.run()
    assert not outcome.success
    holds = here.holds()
    assert [h[2] for h in holds] == ["marts.mart_retention__warning"], holds
    assert "later than the latest extract" in holds[0][4]
    assert_untouched(here, before)
    here.execute("delete from build.mart_retention__warning where stat_month > '2027-01-01'")


def test_dbt_test_failure_stops_publication(here: Operator) -> None:
    """An area that is no area any more: only dbt's own tests can tell."""
    before = here.served()
    here.execute(
        "update raw.hr__org_unit set level = 'county' where _period = '2026-10-01'"
        " and org_unit_id = (select min(area_id) from raw.crm__subscriber)"
    )
    outcome = here.run()
    assert not outcome.success
    held = {h[2]: h for h in here.holds()}
    assert "dbt" in held, held
    assert "test" in held["dbt"][4] and "检验" in held["dbt"][3]
    assert_untouched(here, before)
    here.execute(
        "update raw.hr__org_unit set level = 'area' where _period = '2026-10-01'"
        " and org_unit_id = (select min(area_id) from raw.crm__subscriber)"
    )


# ---- kills and neighbours --------------------------------------------------------------------


def test_killed_run_leaves_nothing_and_next_run_carries_on(here: Operator) -> None:
    before = here.served()
    child = here.settings.run_dir / "refresh-child.json"
    program = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "run"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not child.exists():
        assert program.poll() is None, program.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    dbt = json.loads(child.read_text())["pid"]

    # a second run while the first is at work is refused, clearly
    second = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert "Another refresh is at work" in second.stderr

    program.send_signal(signal.SIGKILL)
    program.wait()
    killed = last_run(here)
    assert killed.status == dg.DagsterRunStatus.STARTED
    assert here.served() == before

    outcome = here.run()
    assert outcome.success, (outcome.failed_steps, here.holds())
    assert not psutil.pid_exists(dbt) or psutil.Process(dbt).status() == psutil.STATUS_ZOMBIE
    again = open_instance(here.settings).get_run_by_id(killed.run_id)
    assert again is not None and again.status == dg.DagsterRunStatus.FAILURE
    assert here.holds() == []
    state = here.state()
    assert (state["state"], state["stat_month"]) == ("current", "2026-10-01")
    assert here.all("select count(*) from ops.load where is_current and published_at is null") == [
        (0,)
    ]


def test_full_run_gives_the_same_rows(here: Operator) -> None:
    """What came in pieces, faults and kills in between, equals a build of everything anew."""
    before = here.served()
    outcome = here.run(full=True)
    assert outcome.success, outcome.failed_steps
    assert here.served() == before


def test_lock_is_free_after_a_kill(here: Operator) -> None:
    with refresh_lock(here.settings) as taken:
        assert taken
        with refresh_lock(here.settings) as again:
            assert not again, "the same process does not wait for itself"


def test_fault_taken_away_lifts_its_hold(here: Operator) -> None:
    """A bad extract that is withdrawn leaves nothing to load, and nothing to hold."""
    plant(here.landing, None, "wrong_total", LATEST)
    assert not here.run().success
    assert here.state()["state"] == "held"
    here.restore(BILL, LATEST)
    outcome = here.run()
    assert outcome.nothing_to_do
    assert here.holds() == []
    assert here.state()["state"] == "current"


def teams_came_again(here: Operator) -> None:
    """The list of teams of the latest month counts as loaded since the last publication."""
    here.execute(
        "update ops.load set published_at = null"
        " where feed = 'hr.team_member' and period = '2026-10' and is_current"
    )


def test_a_failure_beside_the_marts_stops_no_mart(here: Operator) -> None:
    """A model that no mart reads fails its test: told, kept, and no reason not to publish."""
    before = here.served()
    # what an earlier refresh may have left: the marts were at fault then
    open_hold(here.settings, check_name=CHECK, reason="模型有误。", reason_en="The models failed.")
    here.execute(
        "update raw.hr__team_member set team_name = team_name || '*' || staff_id"
        " where _period = '2026-10-01'"
    )
    teams_came_again(here)
    outcome = here.run()
    assert not outcome.success
    assert [(h.check_name, h.blocks) for h in outcome.holds] == [(BESIDE, False)]
    assert "dim_virtual_team" in outcome.holds[0].reason_en
    assert "is published, but not all is well" in explain(outcome).message
    assert here.state()["state"] == "current"
    assert here.served() == before
    assert not here.run().success, "what was not mended is not forgotten"
    here.execute(
        "update raw.hr__team_member set team_name = split_part(team_name, '*', 1)"
        " where _period = '2026-10-01'"
    )
    assert here.run(month=LATEST).success
    assert here.holds() == []


def test_a_run_builds_what_is_below_the_feeds_that_came(here: Operator) -> None:
    """The list of teams came again: what is made of it is made again, the marts are not."""
    marker = "update {} set billed_amt = billed_amt + 1 where stat_month = '2026-10-01'"
    here.execute(marker.format("core.fct_subscriber_month"))
    kept = "select sum(billed_amt) from core.fct_subscriber_month where stat_month = '2026-10-01'"
    changed = here.all(kept)
    here.execute("delete from core.dim_virtual_team where stat_month = '2026-10-01'")
    teams_came_again(here)
    assert here.run().success
    assert here.all(kept) == changed, "no feed of it came"
    made = "select count(*) > 0 from core.dim_virtual_team where stat_month = '2026-10-01'"
    assert here.all(made) == [(True,)]
    here.execute(marker.format("core.fct_subscriber_month").replace("+", "-"))


def test_month_option_needs_a_month(here: Operator) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run", "--month", "October"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "not a month" in done.stderr


def test_extracts_are_left_as_they_were(here: Operator) -> None:
    """A refresh reads the landing area; it never writes there."""
    for path in here.pristine.rglob("*"):
        if path.is_file():
            assert (
                here.landing / path.relative_to(here.pristine)
            ).read_bytes() == path.read_bytes()
