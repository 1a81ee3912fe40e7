"""An old period that arrives again changes the months it touches, openly; what is not connected or
late stands in the header."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from orchestration.installation.state import read_state
from orchestration.loader import load_period
from orchestration.publication import close_months, refresh_notices
from orchestration.refresh.work import note_work, parse_month, waiting_notes
from tests.orchestration.conftest import LATEST, Operator, environment

BILL, TOUCHED = "boss.subscriber_bill", "2026-06"
_BY_MONTH = """
    select stat_month::text, md5(string_agg(md5(t::text), '' order by t::text))
    from retention.mart_retention__subscriber_month as t group by 1 order by 1
"""


@pytest.fixture(autouse=True)
def here(frugal: Operator) -> Iterator[Operator]:
    with environment(frugal.settings):
        yield frugal


def notices(here: Operator) -> tuple[str, str]:
    ((zh, en),) = here.all(
        "select notice, notice_en from status.data_state where mart = 'retention'"
    )
    return zh or "", en or ""


def bill_again(here: Operator) -> None:
    """The bill of a month that is closed comes again, with one amount corrected."""
    folder = here.landing / "boss/subscriber_bill" / TOUCHED
    (folder / "manifest.json").unlink()
    (path,) = folder.iterdir()
    header, first, *rest = gzip.decompress(path.read_bytes()).decode().splitlines()
    names, values = header.split(","), first.split(",")
    for column in ("other_fee_amt", "billed_amt"):
        place = names.index(column)
        values[place] = f"{float(values[place]) + 10:.2f}"
    path.write_bytes(gzip.compress("\n".join([header, ",".join(values), *rest, ""]).encode()))


def test_feeds_that_are_off_stand_in_the_header(here: Operator) -> None:
    zh, en = notices(here)
    assert en.startswith("No feed: ")
    assert "status event (boss.status_event)" in en
    assert zh.startswith("未接入：")
    assert "（boss.status_event）" in zh
    assert "product" not in en, "no mart is built from it"
    (told,) = (m for m in read_state(here.settings)["marts"] if m["mart"] == "retention")
    assert told["notice"] == en


def test_late_feeds_stand_in_the_header_only_while_they_are_late(here: Operator) -> None:
    zone = ZoneInfo(here.settings.timezone)
    refresh_notices(here.settings, datetime(2026, 10, 31, tzinfo=zone))
    quiet = notices(here)
    assert "Late" not in quiet[1]
    late = refresh_notices(here.settings, datetime(2026, 11, 28, tzinfo=zone))
    assert {x.feed for x in late} >= {BILL}
    zh, en = notices(here)
    assert "Late: " in en
    assert "迟到：" in zh
    assert "2026-10, due 2026-11-" in en
    refresh_notices(here.settings, datetime(2026, 10, 31, tzinfo=zone))
    assert notices(here) == quiet


def test_correction_touches_its_months_only_and_says_why(here: Operator) -> None:
    before = dict(here.all(_BY_MONTH))
    ((old,),) = here.all(
        "select load_id from ops.load where feed = %s and period = %s and is_current",
        BILL, TOUCHED,
    )  # fmt: skip
    assert here.all("select count(*) from ops.restatement") == [(0,)]
    bill_again(here)
    folder = here.landing / "boss/subscriber_bill" / TOUCHED
    load_period(here.settings, BILL, TOUCHED, list(folder.iterdir())).raise_for_state()
    months = note_work(here.settings).months
    assert min(months) == parse_month(TOUCHED), "no earlier month is processed"
    outcome = here.run(reason="Double bookings taken out")
    assert outcome.success, (outcome.failed_steps, outcome.holds)
    after = dict(here.all(_BY_MONTH))
    changed = {month for month in before if before[month] != after[month]}
    assert f"{TOUCHED}-01" in changed
    assert {parse_month(month[:7]) for month in changed} <= set(months)
    ((new,),) = here.all(
        "select load_id from ops.load where feed = %s and period = %s and is_current",
        BILL, TOUCHED,
    )  # fmt: skip
    ((first, reason, reason_en),) = here.all(
        "select first_month::text, reason, reason_en from ops.restatement where mart = 'retention'"
    )
    assert first == f"{TOUCHED}-01"
    assert "Double bookings taken out" in reason
    assert f"{BILL} {TOUCHED} replaced load {old} by {new}" in reason_en
    assert reason_en.rstrip(".") in notices(here)[1]
    assert reason.rstrip("。") in notices(here)[0]
    assert read_state(here.settings)["restated"][0]["reason"] == reason_en


def test_the_month_put_right_again_is_restated_too(here: Operator) -> None:
    shutil.rmtree(here.landing / "boss/subscriber_bill" / TOUCHED)
    here.restore(BILL, TOUCHED)
    said = json.loads(
        (here.landing / "boss/subscriber_bill" / TOUCHED / "manifest.json").read_text()
    )
    assert said["period"] == TOUCHED
    assert here.run().success
    assert here.all("select count(*) from ops.restatement where mart = 'retention'") == [(2,)]


def test_a_closed_month_waits_for_a_reason(here: Operator) -> None:
    """What arrives for it is loaded and kept back, with every month it would touch."""
    closed = close_months(here.settings, parse_month(TOUCHED), "ma_finance")
    assert closed[-1] == parse_month(TOUCHED)
    before = dict(here.all(_BY_MONTH))
    bill_again(here)
    assert here.run().success
    assert dict(here.all(_BY_MONTH)) == before
    work = note_work(here.settings)
    retention = work.marts["retention"]
    assert (work.months, work.beside, retention.load_ids) == ([], [], [])
    assert retention.closed == [parse_month(TOUCHED)]
    # no mart of groups has rows here, so none of its months is closed
    for note, mart in zip(waiting_notes(work), ("retention", "individual_value"), strict=True):
        assert note.startswith(f"{TOUCHED} of {mart} is closed")
    again = here.run()
    assert again.nothing_to_do, "what waits is not tried over and over"

    assert here.run(reason="Double bookings taken out").success
    after = dict(here.all(_BY_MONTH))
    assert before[f"{TOUCHED}-01"] != after[f"{TOUCHED}-01"]
    assert note_work(here.settings).marts["retention"].closed == []
    versions = here.all(
        "select stat_month::text, max(close_version), count(distinct coalesce(close_version, 0))"
        " from retention.mart_retention__subscriber_month group by 1 order by 1"
    )
    latest = {month: version for month, version, _ in versions}
    assert {count for *_, count in versions} == {1}, "a month has one version"
    assert latest[f"{TOUCHED}-01"] == 2
    assert latest[f"{LATEST}-01" if f"{LATEST}-01" in latest else "2026-09-01"] is None
    assert here.all(
        "select stat_month::text, reason from status.month_close"
        " where mart = 'retention' and close_version = 2"
    ) == [(f"{TOUCHED}-01", "Double bookings taken out")]
    kept = f"archive.mart_retention__subscriber_month__{TOUCHED.replace('-', '')}_v1"
    assert here.all(f"select count(*) > 0 from {kept}") == [(True,)]
