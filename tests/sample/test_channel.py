"""The channels: who deals badly is found by plain arithmetic, and the feeds agree."""

from __future__ import annotations

import polars as pl
import pytest

pytestmark = pytest.mark.fast


def month_no(column: str = "stat_month") -> pl.Expr:
    return pl.col(column).dt.year() * 12 + pl.col(column).dt.month()


def number_of(period: str) -> int:
    return int(period[:4]) * 12 + int(period[5:])


def monthly(table: pl.DataFrame, key: str, value: pl.Expr) -> pl.DataFrame:
    """``value`` of each ``key`` and month, 0 where there is none."""
    made = table.drop_nulls(key).group_by(key, "stat_month").agg(value.alias("value"))
    grid = made.select(key).unique().join(made.select("stat_month").unique(), how="cross")
    return grid.join(made, on=[key, "stat_month"], how="left").with_columns(
        pl.col("value").fill_null(0)
    )


def last_against_before(table: pl.DataFrame, key: str, least: float) -> pl.DataFrame:
    """Share of the usual month that the last three months reach, for keys of some size."""
    last = month_no() > number_of("2026-07")
    usual = table.group_by(key).agg(
        pl.col("value").filter(month_no() <= number_of("2026-01")).mean().alias("usual"),
        pl.col("value").filter(last).mean().alias("now"),
    )
    return usual.filter(pl.col("usual") >= least).with_columns(
        (pl.col("now") / pl.col("usual")).alias("left")
    )


def test_fading_dealers_are_those_whose_recharges_and_openings_fall(sample):
    planted = {d["dealer_id"] for d in sample.truth["fading_dealers"]}
    assert len(planted) >= 2
    outlets = sample.feeds["channel.outlet"].select("stat_month", "outlet_id", "dealer_id")
    recharges = sample.feeds["recharge.air_recharge"].join(outlets, on=["stat_month", "outlet_id"])
    by_dealer = monthly(recharges, "dealer_id", pl.col("recharge_cnt").sum())
    left = last_against_before(by_dealer, "dealer_id", 60)
    fallen = set(left.filter(pl.col("left") < 0.45)["dealer_id"])
    assert planted <= fallen
    assert len(fallen) <= len(planted) + 3
    openings = sample.feeds["boss.opening"].filter(pl.col("dealer_id").is_in(list(planted)))
    early = openings.filter(month_no() <= number_of("2026-01")).height / 9
    late = openings.filter(month_no() > number_of("2026-08")).height / 2
    assert late < 0.5 * early


def test_slack_outlets_are_those_whose_recharges_fall_while_their_dealer_does_not(sample):
    planted = {o["outlet_id"] for o in sample.truth["slack_outlets"]}
    fading = [d["dealer_id"] for d in sample.truth["fading_dealers"]]
    outlets = sample.feeds["channel.outlet"].filter(month_no() == number_of("2026-10"))
    steady = outlets.filter(
        pl.col("closed_on").is_null() & ~pl.col("dealer_id").is_in(fading).fill_null(False)
    )
    recharges = sample.feeds["recharge.air_recharge"].join(
        steady.select("outlet_id"), on="outlet_id", how="semi"
    )
    by_outlet = monthly(recharges, "outlet_id", pl.col("recharge_cnt").sum())
    left = last_against_before(by_outlet, "outlet_id", 12)
    fallen = set(left.filter(pl.col("left") < 0.5)["outlet_id"])
    found = planted & set(left["outlet_id"])
    assert len(found) >= 8
    assert len(found & fallen) >= 0.9 * len(found)
    assert len(fallen - planted) <= 2


def test_wholesale_dealers_sell_where_their_cards_are_not_used(sample):
    activations = sample.feeds["recharge.card_activation"].drop_nulls("dealer_id")
    across = pl.col("selling_area_id").str.head(6) != pl.col("first_use_area_id").str.head(6)
    share = activations.group_by("dealer_id").agg(across.mean().alias("across"), pl.len())
    large = share.filter(pl.col("len") >= 15).sort("across", descending=True)
    planted = set(sample.truth["wholesale_dealers"])
    assert len(planted) >= 2
    assert planted & set(large["dealer_id"])
    suspects = large.filter(pl.col("across") > 0.25)
    assert set(suspects["dealer_id"]) == planted & set(large["dealer_id"])
    assert share.filter(~pl.col("dealer_id").is_in(list(planted)))["across"].mean() < 0.08


def test_first_use_is_what_mediation_saw(sample):
    seen = sample.feeds["mediation.first_use"].select("subscriber_id", "area_id")
    both = sample.feeds["recharge.card_activation"].join(seen, on="subscriber_id")
    assert both.height > 1000
    assert (both["area_id"] == both["first_use_area_id"]).mean() > 0.95


def test_raised_numbers_are_silent_leave_soon_and_share_documents(sample):
    """Nothing but usage, departures and documents is needed to find who raises openings."""
    fake = sample.truth["fake_openings"]
    assert len(fake) >= 40
    openings = sample.feeds["boss.opening"]
    usage = (
        sample.feeds["boss.subscriber_usage"]
        .group_by("subscriber_id")
        .agg(
            (pl.col("voice_out_min") + pl.col("voice_in_min") + pl.col("data_mb"))
            .sum()
            .alias("used")
        )
    )
    silent = openings.join(usage, on="subscriber_id").with_columns(
        (pl.col("used") == 0).alias("silent"),
        (
            pl.col("id_document_hash").cum_count().over("id_document_hash", order_by="opened_at")
            > 1
        ).alias("again"),
    )
    assert set(fake) <= set(silent.filter("silent")["subscriber_id"])
    by_dealer = (
        silent.drop_nulls("dealer_id")
        .group_by("dealer_id")
        .agg(pl.col("silent").mean(), pl.col("again").mean(), pl.len())
    )
    suspects = by_dealer.filter((pl.col("len") >= 15) & (pl.col("silent") > 0.15))
    assert set(suspects["dealer_id"]) == set(sample.truth["faking_dealers"])
    assert suspects["again"].min() > 0.08
    assert by_dealer.filter(pl.col("silent") == 0)["again"].mean() < 0.03
    # half a year after opening nearly all of them are gone
    now = sample.feeds["crm.subscriber"].filter(month_no() == number_of("2026-10"))
    old = openings.filter(
        pl.col("subscriber_id").is_in(fake) & (month_no() <= number_of("2026-04"))
    ).join(now.select("subscriber_id", "status"), on="subscriber_id")
    assert old["status"].is_in(["off_net", "ported_out"]).mean() > 0.8


def test_poor_halls_are_last_in_inspections_ratings_and_queues(sample):
    planted = set(sample.truth["poor_halls"])
    halls = (
        sample.feeds["channel.hall_month"]
        .group_by("outlet_id")
        .agg(pl.col("queue_wait_min").sum(), pl.col("queue_ticket_cnt").sum())
    )
    waits = halls.with_columns(
        (pl.col("queue_wait_min") / pl.col("queue_ticket_cnt")).alias("wait")
    ).sort("wait", descending=True)
    assert set(waits.head(len(planted))["outlet_id"]) == planted
    rated = (
        sample.feeds["survey.sms_rating"]
        .drop_nulls(["outlet_id", "score"])
        .group_by("outlet_id")
        .agg(pl.col("score").mean(), pl.len())
        .filter(pl.col("len") >= 20)
        .sort("score")
    )
    known = planted & set(rated["outlet_id"])
    assert len(known) >= 2
    assert set(rated.head(len(known))["outlet_id"]) == known
    scores = (
        sample.feeds["survey.inspection_item"]
        .group_by("outlet_id")
        .agg((pl.col("score").sum() / pl.col("max_score").sum()).alias("score"))
    )
    poor = scores.filter(pl.col("outlet_id").is_in(list(planted)))
    fine = scores.filter(~pl.col("outlet_id").is_in(list(planted)))
    assert poor.height > 0
    assert poor["score"].max() < fine["score"].quantile(0.05)


def test_withdrawals_before_the_year_is_over_are_those_planted(sample):
    moved = sample.feeds["channel.fund_movement"]
    early = moved.filter(
        (pl.col("movement_type") == "withdrawal") & (pl.col("moved_on") < pl.col("vests_on"))
    )
    planted = {(e["dealer_id"], e["lot_id"]) for e in sample.truth["early_withdrawals"]}
    assert planted
    assert set(early.select("dealer_id", "lot_id").rows()) == planted
    # the operator adds as much as the dealer puts in, and nobody takes out more than both
    amount = moved.group_by("dealer_id", "lot_id").agg(
        *(
            pl.col("movement_amt").filter(pl.col("movement_type") == kind).sum().alias(kind)
            for kind in ("contribution", "subsidy", "withdrawal")
        )
    )
    assert (amount["contribution"] == amount["subsidy"]).all()
    whole = amount.filter((pl.col("contribution") > 0) & (pl.col("withdrawal") < 0))
    assert whole.height > 10
    assert (whole["withdrawal"] == -2 * whole["contribution"]).all()


def test_commission_agrees_with_what_it_is_paid_for(sample):
    commission = sample.feeds["boss.commission"]
    on = ["stat_month", "outlet_id"]

    def basis(kind: str) -> pl.DataFrame:
        return commission.filter(pl.col("commission_type") == kind).select(*on, "basis_cnt")

    counts = {
        "opening": sample.feeds["boss.opening"].drop_nulls("dealer_id").group_by(on).len(),
        "recharge": sample.feeds["recharge.air_recharge"]
        .group_by(on)
        .agg(pl.col("recharge_cnt").sum().alias("len")),
        "handling": sample.feeds["channel.transaction"]
        .filter(pl.col("staff_id").str.starts_with("H"))
        .join(sample.feeds["channel.outlet"].drop_nulls("dealer_id").select(on), on=on, how="semi")
        .group_by(on)
        .agg(pl.col("transaction_cnt").sum().alias("len")),
    }
    for kind, counted in counts.items():
        both = basis(kind).join(counted, on=on, how="full", coalesce=True)
        assert both.height > 100, kind
        assert both.filter(pl.col("basis_cnt").ne_missing(pl.col("len").cast(pl.Int64))).is_empty()
    fund = sample.feeds["channel.fund_movement"].filter(pl.col("movement_type") == "contribution")
    assert fund["movement_amt"].sum() == commission["to_fund_amt"].sum()
    rewards = commission.filter(pl.col("commission_type") == "contest_reward")["accrued_amt"].sum()
    contest = sample.feeds["channel.contest_result"]["reward_amt"].sum()
    assert 0.97 * contest < rewards <= contest


def test_terminals_did_what_the_halls_say(sample):
    done = sample.feeds["channel.transaction"].filter(pl.col("handling") == "self_service")
    devices = sample.feeds["echannel.device_status"]
    assert done["transaction_cnt"].sum() == devices["transaction_cnt"].sum() > 5000
    assert done["transaction_amt"].sum() == devices["payment_amt"].sum()
    through = sample.feeds["echannel.activity"].filter(pl.col("channel") == "self_service")
    assert through["transaction_cnt"].sum() == devices["transaction_cnt"].sum()
    assert (devices["up_min"] + 0 <= devices["planned_min"]).all()
    assert (devices["busy_min"] <= devices["up_min"]).all()


def test_openings_are_the_new_numbers_and_sold_where_they_could_be(sample):
    openings, on = sample.feeds["boss.opening"], ["stat_month", "subscriber_id"]
    opened = sample.feeds["boss.status_event"].filter(pl.col("event_type") == "open")
    pairs = openings.join(opened, on=on, how="full", coalesce=True)
    assert pairs["opened_at"].equals(pairs["event_at"])
    known = sample.feeds["crm.subscriber"].select(*on, "acquisition_channel")
    both = openings.join(known, on=on)
    assert both.height == openings.height
    assert (both["sales_channel"] == both["acquisition_channel"]).all()
    placed = openings.join(sample.feeds["channel.outlet"], on=["stat_month", "outlet_id"])
    assert placed.height > 0.7 * openings.height
    assert (placed["opened_on"] <= placed["opened_at"].dt.date()).all()
    assert placed["closed_on"].null_count() == placed.height
    assert placed["dealer_id"].eq_missing(placed["dealer_id_right"]).all()
    batches = sample.feeds["recharge.card_batch"].select("stat_month", "batch_id", "outlet_id")
    cards = sample.feeds["recharge.card_activation"].join(
        batches, on=["stat_month", "batch_id", "outlet_id"], how="anti"
    )
    assert cards.is_empty()


def test_lists_change_only_as_they_should(sample):
    outlets = sample.feeds["channel.outlet"].sort("outlet_id", "stat_month")
    for column in ("opened_on", "outlet_type", "area_id", "outlet_name"):
        assert outlets.group_by("outlet_id").agg(pl.col(column).n_unique())[column].max() == 1
    assert outlets["closed_on"].drop_nulls().len() > 0
    last = outlets.filter(month_no() == number_of("2026-10"))
    assert last["outlet_name"].n_unique() == last.height
    core = sample.feeds["channel.dealer"].filter(month_no() == number_of("2026-10"))
    assert core.filter(pl.col("core_list") == "core_40").height == 40
    assert core.filter(pl.col("core_list") == "core_200").height == 160
    agreements = sample.feeds["channel.agreement"]
    ended = pl.col("ends_on") < pl.col("stat_month").dt.month_end()
    assert agreements.filter((pl.col("status") == "active") & ended).is_empty()
    assert set(agreements["status"].unique()) >= {"active", "expired", "renewed"}
    cards = sample.feeds["recharge.card_batch"]
    total = cards["sold_cnt"] + cards["returned_cnt"] + cards["stock_cnt"]
    assert (total == cards["issued_cnt"]).all()
    assert (cards["activated_cnt"] <= cards["sold_cnt"]).all()
