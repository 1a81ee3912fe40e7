"""Campaigns and contacts: the true uplift is there to be found, and nothing gives it away."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

pytestmark = pytest.mark.fast
#: months in which a retention campaign shows its effect
HORIZON = 3


def leaving(sample) -> pl.DataFrame:
    """Each row of each target list: control group or not, and whether the subscriber left in the
    three months after it (lists of the last three months are left out: nobody knows yet).
    """
    left = (
        sample.feeds["boss.status_event"]
        .filter(pl.col("event_type").is_in(["off_net", "port_out"]))
        .filter(pl.col("event_reason") != "arrears")
        .select("subscriber_id", pl.col("stat_month").alias("left_in"))
    )
    targets = sample.feeds["campaign.target"].filter(pl.col("stat_month") <= date(2026, 7, 1))
    joined = targets.join(left, on="subscriber_id", how="left")
    after = pl.col("left_in") > pl.col("stat_month")
    soon = pl.col("left_in") <= pl.col("stat_month").dt.offset_by(f"{HORIZON}mo")
    return joined.group_by("campaign_id", "subscriber_id", "is_control", "segment_code").agg(
        (after & soon).fill_null(False).any().alias("left")
    )


def differences(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    """Per campaign the mean of ``value`` in the control group less that of the treated."""
    means = rows.group_by("campaign_id").agg(
        pl.col(value).filter("is_control").mean().alias("control"),
        pl.col(value).filter(~pl.col("is_control")).mean().alias("treated"),
        pl.len().alias("rows"),
    )
    return means.with_columns((pl.col("control") - pl.col("treated")).alias("difference"))


def test_comparing_with_the_control_group_finds_the_true_retention_uplift(sample):
    truth = pl.DataFrame(sample.truth["campaigns"]).filter("has_control")
    found = differences(leaving(sample), "left").join(truth, on="campaign_id")
    retention = found.filter(pl.col("control") > 0.08)
    assert retention.height > 15
    # one campaign alone may be off by chance, all of one uplift together not by much
    by_uplift = retention.group_by("retention_uplift").agg(pl.col("difference").mean())
    for uplift, difference in by_uplift.iter_rows():
        assert abs(uplift - difference) < 0.025, uplift
    strong = retention.filter(pl.col("retention_uplift") >= 0.06)["difference"].mean()
    none = retention.filter(pl.col("retention_uplift") == 0)["difference"].mean()
    assert strong - none > 0.04


def test_comparing_with_the_control_group_finds_who_really_ordered_more(sample):
    targets = sample.feeds["campaign.target"]
    asked = sample.feeds["campaign.contact"].filter("is_accepted")
    product = sample.feeds["campaign.campaign"].select("campaign_id", "product_id").unique()
    own = sample.feeds["crm.customer_contact"].filter(pl.col("reason_code") == "transaction")
    orders = pl.concat(
        [
            asked.select("campaign_id", "subscriber_id"),
            targets.join(product, on="campaign_id")
            .join(own, on=["stat_month", "subscriber_id", "product_id"])
            .select("campaign_id", "subscriber_id"),
        ]
    ).unique()
    both = targets.join(
        orders.with_columns(ordered=True), on=["campaign_id", "subscriber_id"], how="left"
    ).with_columns(pl.col("ordered").fill_null(False))
    truth = pl.DataFrame(sample.truth["campaigns"]).filter("has_control")
    found = differences(both, "ordered").join(truth, on="campaign_id")
    error = -found["difference"] - found["order_uplift"]
    assert found.height > 35
    assert abs(error.mean()) < 0.012
    assert error.abs().max() < 0.12


def test_campaigns_that_many_accept_do_not_keep_more(sample):
    """Acceptance says nothing of uplift: only the control group does."""
    truth = pl.DataFrame(sample.truth["campaigns"])
    retention = truth.filter(pl.col("retention_uplift") > 0)
    idle = truth.filter(pl.col("retention_uplift") == 0)
    assert retention.height > 10
    assert (idle["order_uplift"] > retention["order_uplift"].median()).any()


def test_control_groups_are_as_large_as_planned_in_every_segment_and_never_contacted(sample):
    targets, contacts = sample.feeds["campaign.target"], sample.feeds["campaign.contact"]
    planned = sample.feeds["campaign.campaign"].select("campaign_id", "control_share").unique()
    share = (
        targets.join(planned, on="campaign_id")
        .group_by("campaign_id")
        .agg(pl.col("is_control").mean(), pl.col("control_share").first())
    )
    assert (share["is_control"] - share["control_share"]).abs().max() < 0.03
    none = share.filter(pl.col("control_share") == 0)
    assert none.height > 1, "some were planned without a control group"
    by_segment = (
        targets.join(planned, on="campaign_id")
        .filter(pl.col("control_share") > 0)
        .group_by("segment_code")
        .agg((pl.col("is_control") - pl.col("control_share")).mean())
    )
    assert by_segment["is_control"].abs().max() < 0.03
    held = targets.filter("is_control").select("campaign_id", "subscriber_id")
    assert contacts.join(held, on=["campaign_id", "subscriber_id"], how="semi").height == 0


def test_steps_follow_each_other_and_only_accepted_offers_are_orders(sample):
    contacts = sample.feeds["campaign.contact"]
    wide = contacts.pivot(
        on="step_type", index=["campaign_id", "subscriber_id"], values="happened_at"
    )
    assert (wide["dispatch"] < wide["contact"]).all()
    assert (wide["contact"] < wide["response"]).all()
    assert wide["dispatch"].null_count() == 0
    assert 0.2 < wide["response"].null_count() / wide.height < 0.6
    ordered = contacts["product_id"].is_not_null()
    assert (ordered == contacts["is_accepted"]).all()
    assert ((contacts["order_amt"] > 0) == contacts["is_accepted"]).all()
    declined = contacts["result_code"] == "declined"
    assert (declined == contacts["decline_reason"].is_not_null()).all()


def test_the_preferred_channel_works_better(sample):
    """Who accepts by a channel accepts by it again: the channel match has something to find."""
    answers = sample.feeds["campaign.contact"].filter(pl.col("step_type") == "response")
    used = sample.feeds["crm.customer_contact"].filter(pl.col("direction") == "customer")
    likes = used.filter(pl.col("channel_type").is_in(["app", "hotline", "sms", "hall"]))
    likes = likes.group_by("subscriber_id", "channel_type").len("times")
    both = answers.join(likes, on=["subscriber_id", "channel_type"], how="left")
    known = both.filter(pl.col("subscriber_id").is_in(likes["subscriber_id"].implode()))
    known = known.filter(pl.col("channel_type").is_in(["app", "hotline", "sms", "hall"]))
    keen = known.filter(pl.col("times") >= 2)["is_accepted"].mean()
    rest = known.filter(pl.col("times").is_null())["is_accepted"].mean()
    assert keen > 1.15 * rest


def test_nobody_is_on_two_lists_within_three_months(sample):
    targets = sample.feeds["campaign.target"].sort("stat_month")
    gap = targets.select(
        (pl.col("stat_month") - pl.col("stat_month").shift(1).over("subscriber_id")).alias("gap")
    )["gap"].drop_nulls()
    assert gap.min() >= timedelta(days=89)


def test_campaigns_are_announced_run_and_end(sample):
    campaigns = sample.feeds["campaign.campaign"]
    started = campaigns["starts_on"] <= campaigns["stat_month"].dt.month_end()
    assert (started == (campaigns["status"] != "planned")).all()
    over = campaigns["ends_on"] < campaigns["stat_month"]
    assert (over == (campaigns["status"] == "ended")).all()
    for column in ("product_id", "starts_on", "control_share", "budget_amt"):
        versions = campaigns.group_by("campaign_id").agg(pl.col(column).n_unique())
        assert versions[column].max() == 1, column
