"""Group customers: their feeds agree, and what was planted in them can be found."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

pytestmark = pytest.mark.fast

LAST = date(2026, 10, 1)


def month(period: str) -> date:
    return date.fromisoformat(f"{period}-01")


def months_before(day: date, count: int) -> date:
    year, index = divmod(day.year * 12 + day.month - 1 - count, 12)
    return date(year, index + 1, 1)


def bills(sample) -> pl.DataFrame:
    """What each group was billed a month, handsets apart, with the month's number."""
    items = sample.feeds["boss.bill_item"].filter(pl.col("item_type") != "handset")
    whole = items.group_by("group_id", "stat_month").agg(pl.col("net_amt").sum())
    every = whole.select("stat_month").unique()
    return (
        whole.select("group_id")
        .unique()
        .join(every, how="cross")
        .join(whole, on=["group_id", "stat_month"], how="left")
        .with_columns(pl.col("net_amt").fill_null(0))
        .sort("group_id", "stat_month")
    )


def fall(sample, group_id: str, start: date) -> float:
    """The bill of the 3 months after a fall is complete, as a share of the 3 months before."""
    mine = bills(sample).filter(pl.col("group_id") == group_id)
    before = mine.filter(pl.col("stat_month").is_between(months_before(start, 3), start, "left"))
    after = mine.filter(
        pl.col("stat_month").is_between(months_before(start, -2), months_before(start, -4))
    )
    return after["net_amt"].mean() / before["net_amt"].mean()


def complete_drops(sample) -> list[dict]:
    """The planted drops of which three months before and after lie within the sample."""
    first = sample.feeds["boss.bill_item"]["stat_month"].min()
    return [
        d
        for d in sample.truth["group_drops"]
        if months_before(month(d["from"]), 3) >= first
        and months_before(month(d["from"]), -4) <= LAST
    ]


def undisturbed(sample) -> set[str]:
    """Groups in which nothing was planted that moves the bill."""
    truth = sample.truth
    told = {d["group_id"] for k in ("group_drops", "groups_lost", "bad_debts") for d in truth[k]}
    return set(sample.feeds["boss.bill_item"]["group_id"].unique()) - told


def test_groups_that_drop_lose_much_of_their_bill_and_the_others_do_not(sample):
    drops = complete_drops(sample)
    assert len(drops) >= 8
    kept = [fall(sample, d["group_id"], month(d["from"])) for d in drops]
    assert max(kept) < 0.75
    assert sum(k < 0.6 for k in kept) > 0.8 * len(kept)
    quiet = bills(sample).filter(pl.col("group_id").is_in(list(undisturbed(sample))))
    ends = (
        quiet.filter(pl.col("net_amt") > 0)
        .group_by("group_id", maintain_order=True)
        .agg(
            pl.col("net_amt").head(3).mean().alias("before"),
            pl.col("net_amt").tail(3).mean().alias("after"),
        )
    )
    fell = (ends["after"] < 0.6 * ends["before"]).mean()
    assert fell < 0.1


def test_what_made_a_group_drop_shows_in_other_feeds(sample):
    feeds, drops = sample.feeds, complete_drops(sample)
    members = feeds["crm.group_member"].filter(pl.col("left_on").is_null())
    foreign = members.group_by("group_id", "stat_month").agg(
        (pl.col("network") != "own").sum().alias("others"), pl.len()
    )
    customers = feeds["crm.group_customer"]

    def at(table, group_id, when, column):
        found = table.filter((pl.col("group_id") == group_id) & (pl.col("stat_month") == when))
        return found[column].item() if found.height else 0

    moved, reasons = {}, {d["reason"] for d in drops}
    for d in drops:
        start, key = month(d["from"]), d["group_id"]
        early, late = months_before(start, 3), months_before(start, -3)
        moved.setdefault(d["reason"], []).append(
            {
                "others": at(foreign, key, late, "others") - at(foreign, key, early, "others"),
                "employees": at(customers, key, late, "employees_cnt")
                / at(customers, key, early, "employees_cnt"),
            }
        )
    assert {"competitor", "business_shrinks"} <= reasons
    assert sum(m["others"] for m in moved["competitor"]) > 0
    assert max(m["employees"] for m in moved["business_shrinks"]) < 0.85
    assert min(m["employees"] for m in moved["competitor"]) > 0.85
    # where a relation was lost the decision maker had changed shortly before
    persons = feeds["crm.key_person"].filter(pl.col("stat_month") == LAST)
    for d in (d for d in drops if d["reason"] == "relation_lost"):
        left = persons.filter(
            (pl.col("group_id") == d["group_id"]) & (pl.col("person_type") == "decision_maker")
        )["valid_to_on"].drop_nulls()
        start = month(d["from"])
        early = months_before(start, 4)
        assert any(early <= day < start for day in left.to_list()), d


def test_potential_groups_stand_high_and_pay_little(sample):
    customers = sample.feeds["crm.group_customer"].filter(pl.col("stat_month") == LAST)
    bill = bills(sample).group_by("group_id").agg(pl.col("net_amt").mean())
    table = customers.join(bill, on="group_id").with_columns(
        (pl.col("net_amt") / pl.col("employees_cnt")).alias("per_head")
    )
    usual = table["per_head"].median()
    found = table.filter((pl.col("economic_influence") >= 4) & (pl.col("per_head") < 0.6 * usual))[
        "group_id"
    ].to_list()
    planted = set(sample.truth["potential_groups"])
    assert len(planted) >= 8
    assert len(planted & set(found)) > 0.6 * len(planted)
    assert len(planted & set(found)) > 0.5 * len(found)


def test_who_goes_bad_owes_for_months_and_who_is_late_recovers(sample):
    owed = sample.feeds["boss.receivable"]
    account = sample.feeds["boss.account"].filter(pl.col("account_type") == "group")
    owner = account.select("account_id", "group_id").unique()
    long_due = owed.filter(pl.col("overdue_days") > 90).join(owner, on="account_id")
    bad = {b["group_id"]: month(b["from"]) for b in sample.truth["bad_debts"]}
    ripe = {g for g, since in bad.items() if since <= months_before(LAST, 6)}
    now = set(long_due.filter(pl.col("stat_month") == LAST)["group_id"])
    assert len(ripe) >= 3
    assert ripe <= now <= set(bad)
    late = owed.filter(pl.col("overdue_days").is_between(31, 90)).join(owner, on="account_id")
    assert len(set(late["group_id"]) - set(bad)) >= 10


def test_bills_payments_and_arrears_reconcile(sample):
    feeds = sample.feeds
    billed = (
        feeds["boss.bill_item"]
        .group_by("account_id", pl.col("stat_month").alias("bill_month_on"))
        .agg(pl.col("net_amt").sum())
    )
    paid = (
        feeds["boss.payment"].group_by("account_id", "bill_month_on").agg(pl.col("paid_amt").sum())
    )
    owed = feeds["boss.receivable"].filter(pl.col("stat_month") == LAST)
    table = (
        billed.join(paid, on=["account_id", "bill_month_on"], how="left")
        .join(owed, on=["account_id", "bill_month_on"], how="left")
        .with_columns(pl.col("paid_amt", "outstanding_amt").fill_null(0))
    )
    assert table.height > 4_000
    assert (table["net_amt"] - table["paid_amt"] == table["outstanding_amt"]).all()
    assert (table["outstanding_amt"] > 0).any()


def test_a_fifth_of_the_groups_pay_most(sample):
    total = bills(sample).group_by("group_id").agg(pl.col("net_amt").sum())["net_amt"]
    top = total.sort(descending=True).head(total.len() // 5).sum()
    assert 0.5 < top / total.sum() < 0.85


def test_winnable_groups_have_one_weak_tie_and_only_they_are_won(sample):
    told = sample.feeds["competitor.intelligence"]
    won = set(told.filter(pl.col("customer_stage") == "won")["group_id"])
    planted = {w["group_id"]: w for w in sample.truth["winnable_groups"]}
    assert won == {g for g, w in planted.items() if w["won_in"]}
    assert len(won) >= 5
    size = sample.feeds["crm.group_customer"].filter(pl.col("stat_month") == LAST)
    ties = (
        told.filter(pl.col("customer_stage") != "won")
        .group_by("group_id")
        .agg(
            pl.struct("competitor", "business_kind").n_unique().alias("ties"),
            pl.col("line_cnt")
            .filter(pl.col("business_kind") == "communication")
            .median()
            .fill_null(0),
        )
        .join(size.select("group_id", "employees_cnt"), on="group_id")
    )
    weak = ties.filter(
        (pl.col("ties") == 1) & (pl.col("line_cnt") < 0.25 * pl.col("employees_cnt"))
    )
    found = set(weak["group_id"])
    assert len(found & set(planted)) > 0.8 * len(found)
    assert len(found & set(planted)) > 0.7 * len(planted.keys() & set(ties["group_id"]))


def test_a_change_of_person_without_follow_up_can_be_seen(sample):
    events = sample.feeds["crm.key_person_event"]
    came = set(events.filter(pl.col("event_kind") == "appointed")["key_person_id"])
    followed = set(events.filter(pl.col("work_step") == "follow_up")["key_person_id"])
    planted = {u["key_person_id"] for u in sample.truth["unfollowed_changes"]}
    assert len(planted) >= 10
    assert planted <= came - followed
    # the others wait for theirs at most since the last months
    waiting = events.filter(
        pl.col("key_person_id").is_in(list(came - followed - planted))
        & (pl.col("event_kind") == "appointed")
    )
    assert waiting.is_empty() or waiting["stat_month"].min() >= months_before(LAST, 2)


def test_only_those_who_overstep_grant_more_than_they_may(sample):
    granted = sample.feeds["crm.benefit_grant"]
    over = granted.filter(pl.col("granted_amt") > pl.col("authority_limit_amt"))
    oversteps = {m["staff_id"] for m in sample.truth["managers"] if m["oversteps"]}
    assert over.height >= 3
    assert set(over["approved_by"]) <= oversteps
    by_grade = granted.filter(pl.col("beneficiary_type") == "group").join(
        sample.feeds["crm.group_customer"], on=["group_id", "stat_month"]
    )
    mean = dict(by_grade.group_by("layer").agg(pl.col("granted_amt").mean()).iter_rows())
    assert mean["strategic"] > mean["key"] > mean["ordinary"]


def test_every_bill_of_a_known_person_is_paid_in_whole(sample):
    shares = sample.feeds["boss.account_member"].group_by("stat_month", "subscriber_id")
    whole = shares.agg(pl.col("pays_share").sum())
    assert whole.height > 50_000
    assert ((whole["pays_share"] - 1).abs() < 1e-9).all()
    kinds = sample.feeds["boss.account"]["account_type"].value_counts(normalize=True)
    assert set(kinds["account_type"]) == {"personal", "family", "group"}


@pytest.mark.parametrize(
    ("feed", "key", "fixed", "end"),
    [
        ("crm.group_customer", "group_id", ["opened_on", "area_id", "industry_code"], None),
        ("crm.product_instance", "instance_id", ["group_id", "started_on"], "ended_on"),
        ("crm.group_contract", "group_contract_id", ["group_id", "ends_on"], "terminated_on"),
        ("crm.key_person", "key_person_id", ["group_id", "birthday"], "valid_to_on"),
        ("crm.group_member", "member_no", ["network", "joined_on"], "left_on"),
    ],
)
def test_snapshots_agree_from_month_to_month(sample, feed, key, fixed, end):
    table = sample.feeds[feed].sort("stat_month")
    if feed == "crm.group_member":
        table = table.with_columns(pl.concat_str("group_id", "member_no", separator="/").alias(key))
    changed = table.group_by(key).agg(pl.col(c).n_unique() for c in fixed)
    assert changed.select(pl.max_horizontal(fixed).max()).item() == 1
    if end:
        closed = table.filter(pl.col(end).is_not_null())
        assert closed.height > 0
        assert closed.group_by(key).agg(pl.col(end).n_unique())[end].max() == 1
        first = closed.group_by(key).agg(pl.col("stat_month").min().alias("closed_in"))
        later = table.join(first, on=key).filter(pl.col("stat_month") >= pl.col("closed_in"))
        assert later[end].null_count() == 0


def test_the_ledger_of_alliances_is_what_the_customer_file_says(sample):
    """R045: the projects of a customer add up to its joint investment and suit its stage."""
    projects, customers = sample.feeds["crm.alliance_project"], sample.feeds["crm.group_customer"]
    key = ["stat_month", "group_id"]
    joint = pl.col("own_amt") + pl.col("partner_amt")
    kinds = pl.col("alliance_kind")
    summed = projects.group_by(key).agg(
        joint.sum().alias("total"),
        (kinds == "equity").any().alias("holds"),
        kinds.is_in(["joint_project", "joint_investment"]).any().alias("joins"),
    )
    both = customers.join(summed, on=key, how="left").with_columns(pl.col("total").fill_null(0))
    assert (both["total"] == both["joint_investment_amt"]).all()
    invested = both.filter(pl.col("total") > 0)
    assert invested["group_id"].n_unique() > 10
    assert (invested["holds"] == (invested["alliance_stage"] == "equity")).all()
    assert set(projects["project_stage"].unique()) == {"planned", "running", "completed", "stopped"}
    assert set(projects["alliance_kind"].unique()) == {
        "consultative", "joint_project", "joint_investment", "equity",
    }  # fmt: skip
    over = pl.col("project_stage").is_in(["completed", "stopped"])
    assert projects.select((pl.col("ended_on").is_not_null() == over).all()).item()
    begun = pl.col("project_stage") != "planned"
    assert projects.select((pl.col("started_on").is_not_null() == begun).all()).item()
