"""An operator whose extracts have one fault of every kind: each is accounted for, none silently.

The tests run in the order of the file: after four good months two dirty ones arrive, then these
are sent again as they should have been.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.contracts import all_feeds
from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.publication.manifest import feeds_by_mart
from orchestration.refresh.execute import Outcome, explain
from orchestration.sample import KINDS, Planted, SampleOptions, generate, spoil
from tests.conftest import scratch_settings
from tests.orchestration.conftest import LATEST, Operator, environment

OPTIONS = SampleOptions(subscribers=1000, months=6)
DIRTY = ("2026-09", LATEST)
#: what the retention marts are built from
NEEDED = {
    "boss.recharge", "boss.status_event", "boss.subscriber_bill", "boss.subscriber_usage",
    "crm.contract", "crm.subscriber", "hr.org_unit", "hr.staff",
}  # fmt: skip
TAKEN = NEEDED | {kind.feed for kind in KINDS.values()}

Attempt = dict[str, Any]


class Dirty:
    """The installation, what was planted, and how its first refresh went."""

    def __init__(self, home: Path) -> None:
        self.settings = scratch_settings(home)
        self.operator = Operator(self.settings, home)
        self.truth = home / "truth.json"
        home.joinpath("feeds_off.txt").write_text(
            "\n".join(n for n, f in all_feeds(self.settings).items() if n not in TAKEN) + "\n"
        )
        generate(self.operator.landing, self.truth, OPTIONS)
        self.planted = spoil(self.operator.landing, home / "faults.json")
        self.outcome: Outcome

    def two_months_later(self) -> None:
        """First the good months are published; the dirty ones come after that."""
        later = self.settings.home / "later"
        for folder in self.operator.landing.glob("*/*/*"):
            if folder.name in DIRTY:
                target = later / folder.relative_to(self.operator.landing)
                target.parent.mkdir(parents=True, exist_ok=True)
                folder.rename(target)
        good = self.operator.run()
        assert good.success, good.holds
        shutil.copytree(later, self.operator.landing, dirs_exist_ok=True)
        self.outcome = self.operator.run()

    def send_again(self, feed: str) -> None:
        """The dirty months of one feed as they should have been."""
        clean = self.settings.home / "clean"
        if not clean.exists():
            generate(clean, self.settings.home / "clean_truth.json", OPTIONS)
        for period in DIRTY:
            inside = Path(*feed.split("."), period)
            shutil.rmtree(self.operator.landing / inside, ignore_errors=True)
            shutil.copytree(clean / inside, self.operator.landing / inside)

    def attempts(self) -> dict[tuple[str, str], Attempt]:
        """The latest attempt at each feed-month."""
        rows = self.operator.all(
            "select distinct on (feed, period) feed, period, state, rows_read, rows_loaded,"
            " rows_quarantined, error, drift, load_id from ops.load"
            " order by feed, period, load_id desc"
        )
        names = (
            "state", "read", "loaded", "quarantined", "error", "drift", "load_id",
        )  # fmt: skip
        return {(r[0], r[1]): dict(zip(names, r[2:], strict=True)) for r in rows}

    def promised(self) -> dict[tuple[str, str], int]:
        """Rows of each feed-month by its manifest, for the feeds that are taken."""
        found = {}
        for path in self.operator.landing.glob("*/*/*/manifest.json"):
            said = json.loads(path.read_text(encoding="utf-8"))
            if said["feed"] in TAKEN:
                found[said["feed"], said["period"]] = said.get("row_count")
        return found


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dirty]:
    made = Dirty(tmp_path_factory.mktemp("dirty"))
    server = EmbeddedServer(made.settings)
    server.start()
    provision(made.settings)
    with environment(made.settings):
        made.two_months_later()
        yield made
    server.remove()


def fault(dirty: Dirty, name: str) -> Planted:
    return next(p for p in dirty.planted if p.fault == name)


def named(outcome: str) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.outcome == outcome]


def test_the_refresh_says_that_it_did_not_end_well(dirty: Dirty) -> None:
    assert feeds_by_mart(dirty.settings)["retention"] == NEEDED
    assert not dirty.outcome.success


@pytest.mark.parametrize("name", named("refused"))
def test_refused(dirty: Dirty, name: str) -> None:
    planted = fault(dirty, name)
    attempt = dirty.attempts()[planted.feed, planted.period]
    assert attempt["state"] == "rejected"
    assert planted.word in attempt["error"]
    assert attempt["loaded"] == 0
    table = planted.feed.replace(".", "__")
    rows = f"select count(*) from raw.{table} where _period = '{planted.period}-01'"
    assert dirty.operator.all(rows) == [(0,)]
    holds = [h for h in dirty.operator.holds() if h[:2] == (planted.feed, planted.period)]
    assert [h[2] for h in holds] == ["load"]


@pytest.mark.parametrize("name", named("quarantined"))
def test_quarantined(dirty: Dirty, name: str) -> None:
    planted = fault(dirty, name)
    attempt = dirty.attempts()[planted.feed, planted.period]
    assert attempt["state"] == "loaded"
    assert attempt["read"] == planted.rows
    assert attempt["loaded"] == planted.rows - len(planted.lines)
    held = dirty.operator.all(
        "select line_no, coalesce(column_name, '') || ' ' || reason from ops.quarantine"
        " where load_id = %s and state = 'open' order by 1",
        attempt["load_id"],
    )
    assert [line for line, _ in held] == planted.lines
    assert all(planted.word in said for _, said in held), held


@pytest.mark.parametrize("name", named("tolerated"))
def test_tolerated(dirty: Dirty, name: str) -> None:
    planted = fault(dirty, name)
    attempt = dirty.attempts()[planted.feed, planted.period]
    assert (attempt["state"], attempt["loaded"]) == ("loaded", planted.rows)


def test_a_new_column_is_noted_and_kept(dirty: Dirty) -> None:
    planted = fault(dirty, "column_new")
    attempt = dirty.attempts()[planted.feed, planted.period]
    assert [(d["column"], d["kind"]) for d in attempt["drift"]] == [("remark", "new column")]
    kept = dirty.operator.all(
        "select count(distinct _extra ->> 'remark') from raw.channel__agreement"
        " where _load_id = %s",
        attempt["load_id"],
    )
    assert kept == [(planted.rows,)]


@pytest.mark.parametrize("name", named("held"))
def test_held(dirty: Dirty, name: str) -> None:
    planted = fault(dirty, name)
    attempt = dirty.attempts()[planted.feed, planted.period]
    assert (attempt["state"], attempt["loaded"]) == ("loaded", planted.rows)
    held = [h for h in dirty.operator.holds() if h[:3] == (planted.feed, planted.period, "arrival")]
    assert len(held) == 1
    assert planted.word in held[0][4]


@pytest.mark.parametrize("name", named("missing"))
def test_missing(dirty: Dirty, name: str) -> None:
    planted = fault(dirty, name)
    assert (planted.feed, planted.period) not in dirty.attempts()


def test_nothing_else_was_lost_or_found(dirty: Dirty) -> None:
    """Every feed-month without a fault is there to the last row, and only planted ones are not."""
    spoiled = {(p.feed, p.period): p for p in dirty.planted}
    attempts = dirty.attempts()
    for month, rows in dirty.promised().items():
        if month not in spoiled:
            found = attempts[month]
            assert (found["state"], found["loaded"], found["quarantined"]) == ("loaded", rows, 0)
    assert {m for m, a in attempts.items() if a["state"] != "loaded"} == {
        m for m, p in spoiled.items() if p.outcome == "refused"
    }
    assert {m for m, a in attempts.items() if a["quarantined"] and a["state"] == "loaded"} == {
        m for m, p in spoiled.items() if p.outcome == "quarantined"
    }


def test_people_see_the_good_months_and_why_there_are_no_more(dirty: Dirty) -> None:
    """Faults of feeds that retention is not built from are no business of those who read it."""
    state = dirty.operator.state()
    assert (state["state"], state["stat_month"]) == ("held", "2026-08-01")
    told = {(h.feed, h.period) for h in dirty.outcome.holds if h.stops("retention")}
    assert told == {
        (p.feed, p.period)
        for p in dirty.planted
        if p.feed in NEEDED and p.outcome in ("refused", "held")
    }
    assert len(dirty.outcome.holds) > len(told)
    assert "boss.receivable" not in state["reason_en"]
    months = dirty.operator.all(
        "select max(stat_month)::text from retention.mart_retention__segment_month"
    )
    assert months == [("2026-08-01",)]


def test_a_fault_stops_the_marts_that_read_its_feed(dirty: Dirty) -> None:
    """What retention reads is sent again, then what the others read, mart by mart."""
    marts = ["retention", "customer_value", "individual_value"]
    while marts:
        done = marts.pop(0)
        for planted in dirty.planted:
            if planted.feed in feeds_by_mart(dirty.settings)[done]:
                dirty.send_again(planted.feed)
        outcome = dirty.operator.run()
        assert not outcome.success
        assert {mart for h in outcome.holds for mart in h.marts or ()} == set(marts)
        state = dirty.operator.state(done)
        assert (state["state"], state["stat_month"]) == ("current", f"{LATEST}-01")
        assert {dirty.operator.state(mart)["state"] for mart in marts} <= {"held"}
        if marts:
            assert f"Not published: {', '.join(marts)}" in explain(outcome).message
    assert outcome.holds, "faults of feeds that no mart is built from"
    assert not [h for h in outcome.holds if h.blocks]
    assert "is published, but not all is well" in explain(outcome).message


def test_what_is_sent_again_puts_everything_right(dirty: Dirty) -> None:
    restated = fault(dirty, "restated")
    versions = dirty.operator.all(
        "select load_id, replaced_load_id from ops.load where feed = %s and period = %s"
        " and state = 'loaded' order by 1", restated.feed, restated.period,
    )  # fmt: skip
    assert len(versions) == 2
    assert versions[1][1] == versions[0][0], "what people saw before is kept and named"
    assert generate(dirty.operator.landing, dirty.truth, OPTIONS, force=True)
    outcome = dirty.operator.run()
    assert outcome.success, outcome.holds
    attempts = dirty.attempts()
    for month, rows in dirty.promised().items():
        found = attempts[month]
        assert found["state"] == "loaded", (month, found)
        assert (found["loaded"], found["quarantined"]) == (rows, 0), month
    assert len(attempts) == len(dirty.promised())
    assert dirty.operator.holds() == []
    assert dirty.operator.state()["state"] == "current"
    assert dirty.operator.state()["stat_month"] == f"{LATEST}-01"
