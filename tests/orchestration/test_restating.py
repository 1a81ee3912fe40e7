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
from orchestration.publication import refresh_notices
from orchestration.refresh.work import note_work, parse_month
from tests.orchestration.conftest import Operator, environment

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
    ((zh, en),) = here.all("select notice, notice_en from status.data_state")
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
    state = read_state(here.settings)
    assert state["marts"][0]["notice"] == en


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
        "select first_month::text, reason, reason_en from ops.restatement"
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
    assert here.all("select count(*) from ops.restatement") == [(2,)]
