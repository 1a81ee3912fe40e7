"""The operator: its feeds agree with each other, and its story is the one we tell."""

from __future__ import annotations

import csv
from datetime import date

import polars as pl
import pytest

from orchestration.contracts import read_contracts
from orchestration.contracts.derive import STANDARD_CONTRACTS
from orchestration.settings import ROOT
from tests.metrics.extract_files import FEEDS
from tests.sample.checks import REFERENCES, reference_is_met, rows_meet_their_contract

pytestmark = pytest.mark.fast
LEFT = ["off_net", "ported_out"]


def seed_rows(name: str) -> list[dict[str, str]]:
    with (ROOT / f"seeds/sample/{name}.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


@pytest.mark.parametrize("feed", FEEDS)
def test_rows_meet_their_contract(sample, feed):
    rows_meet_their_contract(sample, feed)


@pytest.mark.parametrize("feed", FEEDS)
def test_no_column_is_always_empty(sample, feed):
    table = sample.feeds[feed]
    assert [c for c in table.columns[:-1] if table[c].null_count() == table.height] == []


def test_every_feed_that_is_on_is_written():
    assert len(FEEDS) == len(set(FEEDS))
    assert set(FEEDS) == {n for n, f in read_contracts(STANDARD_CONTRACTS).items() if f.enabled}


def test_the_tree_has_five_levels_and_the_sizes_we_say(sample):
    units = sample.feeds["hr.org_unit"].filter(pl.col("stat_month") == date(2026, 10, 1))
    count = dict(units.group_by("level").len().iter_rows())
    assert count == {"hq": 1, "province": 1, "city": 2, "county": 8, "area": 28}
    above = units.join(units, left_on="parent_id", right_on="org_unit_id", suffix="_above")
    steps = set(above.select("level_above", "level").unique().iter_rows())
    assert steps == {
        ("hq", "province"),
        ("province", "city"),
        ("city", "county"),
        ("county", "area"),
    }
    assert above.height == units.height - 1
    staff = sample.feeds["hr.staff"].filter(pl.col("stat_month") == date(2026, 10, 1))
    assert (staff["post"] == "account_manager").sum() == 60


def test_an_area_was_put_under_another_county(sample):
    """Its id stays, so nothing but the tree tells; every other unit stays where it is."""
    units = sample.feeds["hr.org_unit"].filter(pl.col("parent_id").is_not_null())
    parents = units.group_by("org_unit_id", "parent_id").agg(pl.col("stat_month").min())
    moved = parents.filter(pl.len().over("org_unit_id") > 1).sort("stat_month")
    told = sample.truth["area_moved"]
    assert moved.rows() == [
        (told["area_id"], told["from_id"], units["stat_month"].min()),
        (told["area_id"], told["to_id"], date(2026, 7, 1)),
    ]
    assert told["from_id"][:4] == told["to_id"][:4] and told["from_period"] == "2026-07"


@pytest.mark.parametrize(
    ("child", "column", "parent", "key"),
    [pytest.param(*r, id=f"{r[0]}.{r[1]}") for r in REFERENCES],
)
def test_every_reference_is_met(sample, child, column, parent, key):
    reference_is_met(sample, child, column, parent, key)


def test_the_feeds_of_the_spine_refer_to_each_other():
    """The list above is read from the contracts: it must not be empty by mistake."""
    found = set(REFERENCES)
    assert {
        ("hr.org_unit", "parent_id", "hr.org_unit", "org_unit_id"),
        ("crm.subscriber", "account_manager_id", "hr.staff", "staff_id"),
        ("boss.subscriber_bill", "subscriber_id", "crm.subscriber", "subscriber_id"),
        ("campaign.contact", "campaign_id", "campaign.campaign", "campaign_id"),
    } <= found
    assert len(found) > 30


def test_account_managers_serve_customers_of_their_own_area_and_are_at_work(sample):
    served = sample.feeds["crm.subscriber"].join(
        sample.feeds["hr.staff"],
        left_on=["stat_month", "account_manager_id"],
        right_on=["stat_month", "staff_id"],
    )
    assert served.height > 40_000
    assert (served["area_id"] == served["org_unit_id"]).all()
    assert served["is_active"].all()
    assert (served["post"] == "account_manager").all()
    assert served["account_manager_id"].n_unique() == 60


def test_bills_equal_their_fees_less_the_discount(sample):
    bill = sample.feeds["boss.subscriber_bill"]
    fees = sum(bill[c] for c in bill.columns if c.endswith("_fee_amt"))
    assert (fees - bill["discount_amt"] == bill["billed_amt"]).all()
    assert (bill["billed_amt"] < 0).any(), "some bills are corrections"


def test_usage_parts_are_within_the_whole(sample):
    usage = sample.feeds["boss.subscriber_usage"]
    for part in ("voice_offnet_min", "voice_long_distance_min", "voice_roaming_min"):
        assert (usage[part] <= usage["voice_out_min"]).all()
    assert (usage["active_days"] <= usage["stat_month"].dt.month_end().dt.day()).all()


def test_usage_and_bill_rows_are_exactly_those_on_net_at_some_time(sample):
    known = sample.feeds["crm.subscriber"].select("stat_month", "subscriber_id", "status")
    month_end = known.filter(~pl.col("status").is_in(LEFT)).select("stat_month", "subscriber_id")
    # whoever left within the month was on net at some time of it
    left = (
        sample.feeds["boss.status_event"]
        .filter(pl.col("event_type").is_in(["off_net", "port_out"]))
        .select("stat_month", "subscriber_id")
    )
    expected = pl.concat([month_end, left]).unique()
    for feed in ("boss.subscriber_usage", "boss.subscriber_bill"):
        rows = sample.feeds[feed].select("stat_month", "subscriber_id")
        assert rows.height == expected.height
        assert rows.join(expected, on=rows.columns, how="anti").height == 0


def test_status_follows_from_the_events(sample):
    """Replaying the events gives the status at each month end, and the day it began."""
    events = sample.feeds["boss.status_event"].sort("event_at")
    assert (events["event_at"].dt.truncate("1mo").dt.date() == events["stat_month"]).all()
    result = {
        "open": "on_net",
        "resume": "on_net",
        "re_entry": "on_net",
        "suspend": "suspended",
        "off_net": "off_net",
        "port_out": "ported_out",
    }
    subscribers = sample.feeds["crm.subscriber"].sort("stat_month")
    last = (
        events.with_columns(
            pl.col("event_type").replace_strict(result).alias("status"),
            pl.col("event_at").dt.date().alias("status_since"),
        )
        .group_by("subscriber_id", "stat_month")
        .last()
        .select("subscriber_id", "stat_month", "status", "status_since")
        .sort("stat_month")
    )
    seen = subscribers.join_asof(
        last, on="stat_month", by="subscriber_id", suffix="_replayed", check_sortedness=False
    )
    touched = seen.filter(pl.col("status_replayed").is_not_null())
    assert touched.height > 20_000
    assert (touched["status"] == touched["status_replayed"]).all()
    assert (touched["status_since"] == touched["status_since_replayed"]).all()
    untouched = seen.filter(pl.col("status_replayed").is_null())
    assert set(untouched["status"].unique()) == {"on_net", "off_net"}


def test_events_of_a_subscriber_make_sense_one_after_the_other(sample):
    allowed = {
        None: {"open", "suspend", "off_net", "port_out"},
        "open": {"suspend", "off_net", "port_out"},
        "suspend": {"resume", "off_net"},
        "resume": {"suspend", "off_net", "port_out"},
        "re_entry": {"suspend", "off_net", "port_out"},
        "off_net": {"re_entry"},
        "port_out": set(),
    }
    events = sample.feeds["boss.status_event"].sort("subscriber_id", "event_at")
    pairs = events.select(
        pl.col("event_type").shift(1).over("subscriber_id").alias("before"), "event_type"
    )
    for before, after in pairs.unique().iter_rows():
        assert after in allowed[before], (before, after)
    kinds = set(events["event_type"].unique())
    assert kinds == {"open", "suspend", "resume", "off_net", "port_out", "re_entry"}


def test_contracts_fit_the_lives_of_their_subscribers(sample):
    contracts = sample.feeds["crm.contract"].join(
        sample.feeds["crm.subscriber"], on=["stat_month", "subscriber_id"]
    )
    assert (contracts["starts_on"] >= contracts["opened_on"]).all()
    assert (contracts["starts_on"] < contracts["ends_on"]).all()
    end = contracts["stat_month"].dt.month_end()
    status = contracts["contract_status"]
    assert ((status != "active") | (contracts["ends_on"] >= end)).all()
    assert ((status != "ended") | (contracts["ends_on"] < end)).all()
    gone = contracts["status"].is_in(LEFT)
    assert not (gone & (status == "active")).any(), "who left has no running contract"
    running = contracts.filter(status == "active").group_by("stat_month", "subscriber_id").len()
    assert running["len"].max() == 1
    assert set(status.unique()) == {"active", "ended", "broken"}


def test_recharges_fall_within_service(sample):
    recharges = sample.feeds["boss.recharge"]
    assert (recharges["recharged_at"].dt.truncate("1mo").dt.date() == recharges["stat_month"]).all()
    assert (recharges["recharge_amt"] > 0).all()
    rows = sample.feeds["boss.subscriber_usage"].select("stat_month", "subscriber_id")
    assert recharges.join(rows, on=rows.columns, how="anti").height == 0


def test_numbers_and_masks(sample):
    now = sample.feeds["crm.subscriber"].filter(pl.col("stat_month") == date(2026, 10, 1))
    assert now.height == 20_000
    assert now["msisdn"].n_unique() == 20_000
    assert now["msisdn"].str.contains("^100[0-9]{8}$").all()


def test_the_people_of_the_demo_are_staff_with_scopes(sample):
    staff = sample.feeds["hr.staff"].filter(pl.col("stat_month") == date(2026, 10, 1))
    known = {r["staff_id"]: r for r in staff.iter_rows(named=True)}
    units = set(sample.feeds["hr.org_unit"]["org_unit_id"])
    people = {p["person"]: p for p in seed_rows("people")}
    assert list(people) == [
        "chen_province",
        "li_city_a",
        "wang_city_b",
        "zhao_county",
        "sun_area",
        "zhou_account",
        "wu_analyst",
        "zheng_engineer",
        "qian_noscope",
    ]
    for person in people.values():
        assert known[person["staff_id"]]["staff_name"] == person["display_name"]
        assert known[person["staff_id"]]["staff_name_en"] == person["display_name_en"]
    scopes = seed_rows("person_scope")
    assert {s["person"] for s in scopes} == set(people) - {"qian_noscope"}
    for scope in scopes:
        match scope["scope_type"]:
            case "all":
                assert scope["scope_id"] == "*"
            case "account_manager":
                assert known[scope["scope_id"]]["post"] == "account_manager"
                assert scope["scope_id"] == people[scope["person"]]["staff_id"]
            case level:
                assert scope["scope_id"] in units
                assert level in ("city", "county", "area")


def monthly_churn(sample, unit: pl.Expr) -> dict[str, float]:
    subscribers = sample.feeds["crm.subscriber"].with_columns(unit.alias("unit"))
    left = (
        sample.feeds["boss.status_event"]
        .filter(pl.col("event_type").is_in(["off_net", "port_out"]))
        .join(subscribers, on=["stat_month", "subscriber_id"])
    )
    stock = subscribers.filter(~pl.col("status").is_in(LEFT)).group_by("unit").len()
    rates = left.group_by("unit").len("left").join(stock, on="unit")
    return {r["unit"]: r["left"] / r["len"] for r in rates.iter_rows(named=True)}


def test_the_story_of_retention(sample):
    """City B keeps its customers worse than city A, and one of its counties is much the worst."""
    city = monthly_churn(sample, pl.col("area_id").str.head(4))
    assert 0.007 < city["LC01"] < 0.016
    assert city["LC02"] > 1.4 * city["LC01"]
    county = monthly_churn(sample, pl.col("area_id").str.head(6))
    worst = max(county, key=lambda c: county[c])
    assert worst == "LC0203"
    assert county[worst] > 1.7 * sorted(county.values())[-2]


def test_the_mid_and_high_end_is_the_share_we_say(sample):
    both = sample.feeds["boss.subscriber_bill"].join(
        sample.feeds["boss.subscriber_usage"], on=["stat_month", "subscriber_id"]
    )
    is_mid_high = (both["billed_amt"] >= 12000) & (both["voice_out_min"] >= 10000)
    assert 0.14 < is_mid_high.mean() < 0.2
    top = both["billed_amt"].quantile(0.99)
    assert top > 3.5 * both["billed_amt"].median(), "the tail is heavy"
    assert both.select(pl.corr("billed_amt", "voice_out_min")).item() > 0.5


def test_spring_festival_is_seen(sample):
    month = (
        sample.feeds["boss.subscriber_usage"]
        .group_by("stat_month")
        .agg(pl.col("voice_out_min", "voice_roaming_min", "sms_cnt", "data_mb").mean())
        .sort("stat_month")
    )
    february = month.filter(pl.col("stat_month") == date(2026, 2, 1))
    around = month.filter(pl.col("stat_month").is_in([date(2026, 1, 1), date(2026, 3, 1)]))
    ratio = {c: february[c].item() / around[c].mean() for c in month.columns[1:]}
    assert ratio["voice_out_min"] < 0.85
    assert ratio["voice_roaming_min"] > 3
    assert ratio["sms_cnt"] > 3
    assert ratio["data_mb"] > 1.1


def test_the_young_leave_sooner_than_the_old(sample):
    events = sample.feeds["boss.status_event"].filter(pl.col("event_reason") == "voluntary")
    stock = sample.feeds["crm.subscriber"].filter(~pl.col("status").is_in(LEFT))
    tenure = pl.col("stat_month") - pl.col("opened_on")
    young = stock.filter(tenure < pl.duration(days=540))
    left = events.join(sample.feeds["crm.subscriber"], on=["stat_month", "subscriber_id"])
    rate = left.filter(tenure < pl.duration(days=540)).height / young.height
    rest = left.filter(tenure >= pl.duration(days=540)).height / (stock.height - young.height)
    assert rate > 1.5 * rest


def test_the_truth_file_tells_what_happened(sample):
    """Planted leavers left in the month and for the reason it says, and faded where it says so."""
    truth, events = sample.truth, sample.feeds["boss.status_event"]
    assert truth["complete"] is True
    assert truth["faults"] == []
    planted = pl.DataFrame(truth["churners"]).filter(pl.col("leaves_in") <= "2026-10")
    left = events.filter(pl.col("event_type").is_in(["off_net", "port_out"])).select(
        "subscriber_id",
        pl.col("stat_month").dt.strftime("%Y-%m").alias("leaves_in"),
        pl.col("event_reason").alias("reason"),
    )
    missed = planted.join(left, on=left.columns, how="anti")
    assert missed.height == 0
    # besides those planned, a few regret within the month of opening
    assert left.join(planted, on=left.columns, how="anti").height < 0.01 * left.height
    bill = sample.feeds["boss.subscriber_bill"].with_columns(
        pl.col("stat_month").dt.offset_by("1mo").dt.strftime("%Y-%m").alias("leaves_in"),
        pl.col("billed_amt").shift(3).over("subscriber_id", order_by="stat_month").alias("earlier"),
    )
    fading = planted.filter("fades").join(bill, on=["subscriber_id", "leaves_in"])
    fading = fading.filter(pl.col("earlier") > 3000)
    assert fading.height > 500
    assert (fading["billed_amt"] < 0.8 * fading["earlier"]).mean() > 0.8
    forwards = planted.filter("forwards_calls").join(
        sample.feeds["boss.subscriber_usage"].with_columns(
            pl.col("stat_month").dt.strftime("%Y-%m").alias("leaves_in")
        ),
        on=["subscriber_id", "leaves_in"],
    )
    assert (forwards["call_forward_cnt"] >= 10).mean() > 0.9
    assert len(truth["value_loss"]) > 200
