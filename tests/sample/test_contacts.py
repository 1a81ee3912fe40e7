"""Mediation, contacts, warnings, call forwarding and points agree with the other feeds."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

pytestmark = pytest.mark.fast
MONTH = ["stat_month", "subscriber_id"]


def test_destinations_add_up_to_the_usage(sample):
    """For whoever has an account manager: networks to all outgoing minutes, to the hundredth."""
    managed = sample.feeds["crm.subscriber"].filter(pl.col("account_manager_id").is_not_null())
    usage = sample.feeds["boss.subscriber_usage"].join(managed, on=MONTH, how="semi")
    split = sample.feeds["mediation.usage_destination"]
    networks = split.filter(pl.col("split_type") == "network")
    off = pl.col("destination_code") != "own"
    for rows, column in (
        (networks, "voice_out_min"),
        (networks.filter(off), "voice_offnet_min"),
        (split.filter(pl.col("split_type") == "called_province"), "voice_long_distance_min"),
        (split.filter(pl.col("split_type") == "visited_province"), "voice_roaming_min"),
    ):
        total = rows.group_by(MONTH).agg(pl.col("voice_min").sum())
        both = usage.join(total, on=MONTH, how="full", coalesce=True)
        wrong = both.filter(pl.col("voice_min").fill_null(0) != pl.col(column))
        assert wrong.height == 0, column


def test_areas_add_up_to_what_was_not_roaming(sample):
    usage = sample.feeds["boss.subscriber_usage"].filter(pl.col("active_days") > 0)
    total = (
        sample.feeds["mediation.usage_area"]
        .group_by(MONTH)
        .agg(pl.col("voice_min", "data_mb").sum(), pl.col("active_days").max().alias("most"))
    )
    both = usage.join(total, on=MONTH, suffix="_in_areas")
    assert both.height == usage.height == total.height
    stays = both["voice_out_min"] - both["voice_roaming_min"]
    assert (both["voice_min"] == stays).all()
    assert (both["data_mb_in_areas"] <= both["data_mb"]).all()
    assert (both["most"] <= both["active_days"]).all()


def test_who_lives_elsewhere_spends_the_nights_there(sample):
    """Planted, and found by the nights of the last six months; few others look like it."""
    nights = (
        sample.feeds["mediation.usage_area"]
        .filter(pl.col("stat_month") >= date(2026, 5, 1))
        .group_by("subscriber_id", "area_id")
        .agg(pl.col("night_days").sum())
        .sort("night_days", descending=True)
        .group_by("subscriber_id")
        .first()
        .filter(pl.col("night_days") >= 10)
    )
    last = sample.feeds["crm.subscriber"].filter(pl.col("stat_month") == date(2026, 10, 1))
    # leave out those who moved within these months
    moved = (
        sample.feeds["crm.subscriber"]
        .filter(pl.col("stat_month") >= date(2026, 5, 1))
        .group_by("subscriber_id")
        .agg(pl.col("area_id").n_unique().alias("areas"))
        .filter(pl.col("areas") > 1)
    )
    known = nights.join(last, on="subscriber_id", suffix="_file")
    known = known.join(moved, on="subscriber_id", how="anti")
    away = known.filter(pl.col("area_id") != pl.col("area_id_file"))
    found = set(away["subscriber_id"])
    planted = {p["subscriber_id"] for p in sample.truth["lives_elsewhere"]}
    planted &= set(known["subscriber_id"])
    assert len(planted) > 250
    assert len(planted & found) > 0.95 * len(planted)
    assert len(found - planted) < 0.05 * len(found)


def test_the_first_use_is_after_the_opening_and_of_newcomers_only(sample):
    first = sample.feeds["mediation.first_use"]
    opened = sample.feeds["boss.status_event"].filter(pl.col("event_type") == "open")
    both = first.join(opened, on=MONTH)
    assert both.height == first.height > 1500
    assert (both["first_used_at"] >= both["event_at"]).all()
    outside = first["is_outside_province"]
    assert (outside == first["area_id"].is_null()).all()
    assert 0 < outside.mean() < 0.05


def test_forwarding_to_a_competitor_comes_before_leaving(sample):
    settings = sample.feeds["boss.call_forward_setting"]
    last = settings.sort("stat_month").group_by("setting_id").last()
    away = last.filter(
        (pl.col("forward_type") == "always") & pl.col("target_network").is_in(["op_b", "op_c"])
    )
    planted = pl.DataFrame(sample.truth["churners"])
    planted = planted.filter(pl.col("forwards_calls") & (pl.col("leaves_in") <= "2026-10"))
    found = planted.join(away, on="subscriber_id", how="semi").height / planted.height
    assert found > 0.9
    left = sample.feeds["boss.status_event"].filter(
        pl.col("event_type").is_in(["off_net", "port_out"])
    )
    goes = away.filter(pl.col("set_at") < date(2026, 9, 1)).join(
        left, on="subscriber_id", how="semi"
    )
    assert goes.height > 0.6 * away.filter(pl.col("set_at") < date(2026, 9, 1)).height
    # a setting is the same setting in every month it stands
    for column in ("subscriber_id", "set_at", "target_network"):
        assert settings.group_by("setting_id").agg(pl.col(column).n_unique())[column].max() == 1
    closed = settings.filter(pl.col("cancelled_at").is_not_null())
    assert (closed["cancelled_at"] > closed["set_at"]).all()
    assert (closed["cancelled_at"].dt.month_start().cast(pl.Date) == closed["stat_month"]).all()


def test_points_add_up(sample):
    """Balances follow from movements, never below zero; a point for each yuan billed."""
    moves = sample.feeds["points.movement"].sort("moved_at", "movement_id")
    before = pl.col("balance_cnt").shift(1).over("subscriber_id")
    step = moves.with_columns((pl.col("balance_cnt") - before).alias("step"))
    known = step.filter(pl.col("step").is_not_null())
    assert known.height > 50_000
    assert (known["step"] == known["points_cnt"]).all()
    assert ((moves["points_cnt"] > 0) == (moves["movement_type"] == "earn")).all()
    bill = sample.feeds["boss.subscriber_bill"]
    earned = moves.filter(pl.col("movement_type") == "earn").join(bill, on=MONTH)
    assert (earned["points_cnt"] == earned["billed_amt"] // 100).all()
    redeems = (moves["movement_type"] == "redeem").mean()
    assert 0.02 < redeems < 0.2
    december = moves.filter(pl.col("movement_type") == "expire")["stat_month"].unique()
    assert december.to_list() == [date(2025, 12, 1)]


def test_diligent_managers_answer_warnings_sooner(sample):
    answers = sample.feeds["crm.warning_feedback"].with_columns(
        (pl.col("acknowledged_at") - pl.col("warned_at")).dt.total_hours().alias("hours")
    )
    managers = pl.DataFrame(sample.truth["managers"]).select("staff_id", "diligence")
    each = (
        answers.join(managers, on="staff_id")
        .group_by("staff_id", "diligence")
        .agg(
            pl.col("acknowledged_at").is_not_null().mean().alias("answered"),
            pl.col("hours").median(),
            pl.len().alias("warnings"),
        )
    )
    each = each.filter(pl.col("warnings") >= 15)
    assert each.height > 30
    assert each.select(pl.corr("diligence", "answered")).item() > 0.5
    assert each.select(pl.corr("diligence", "hours")).item() < -0.4


def test_warnings_are_answered_in_order_and_tell_of_those_who_leave(sample):
    answers = sample.feeds["crm.warning_feedback"]
    for earlier, later in (
        ("warned_at", "acknowledged_at"),
        ("acknowledged_at", "acted_at"),
        ("acted_at", "closed_at"),
    ):
        both = answers.filter(pl.col(later).is_not_null())
        assert both[earlier].null_count() == 0
        assert (both[earlier] <= both[later]).all(), later
    during = answers.filter(
        (pl.col("warning_phase") == "during") & (pl.col("stat_month") < date(2026, 8, 1))
    )
    left = sample.feeds["boss.status_event"].filter(
        pl.col("event_type").is_in(["off_net", "port_out"])
    )
    goes = during.join(left.select("subscriber_id").unique(), on="subscriber_id", how="semi")
    assert 0.4 < goes.height / during.height < 0.95, "most are right, some are false alarms"


def test_those_about_to_leave_complain_and_are_less_content(sample):
    contacts = sample.feeds["crm.customer_contact"].filter(pl.col("direction") == "customer")
    plans = pl.DataFrame(sample.truth["churners"]).filter("fades")
    month = pl.col("leaves_in").str.to_date("%Y-%m", strict=False)
    plans = plans.with_columns(month.dt.offset_by("-1mo").alias("stat_month"))
    fading = contacts.join(plans, on=MONTH, how="semi")
    rest = contacts.join(plans, on=MONTH, how="anti")
    assert fading.height > 300
    complains = [(x["reason_code"] == "complaint").mean() for x in (fading, rest)]
    assert complains[0] > 2 * complains[1]
    assert fading["satisfaction_score"].mean() < rest["satisfaction_score"].mean() - 0.5
