"""Subscribers month by month, again from the extract files: placement, baseline, class, groups.

See ``recompute`` for what this is and is not allowed to know.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Self

import polars as pl

from tests.metrics.extract_files import read_feed
from tests.metrics.rule_tables import Rules, add_months, at_least

ON_NET = ["on_net", "suspended"]
LEAVES = ["off_net", "port_out"]
LEVELS = ("province", "city", "county", "area")
PLACE = [f"{level}_{part}" for level in LEVELS for part in ("id", "name", "name_en")]
MANAGER = ["account_manager_id", "account_manager_name", "account_manager_name_en"]
#: a month and a subscriber
KEY = ["stat_month", "subscriber_id"]


class Customers:
    """What each subscriber was and did, month by month.

    Args:
        feeds: extract tables by feed name, hundredths as whole numbers (``extract_files``).
        rules: the rule tables.
    """

    def __init__(self, feeds: dict[str, pl.DataFrame], rules: Rules) -> None:
        self.feeds, self.rules = feeds, rules
        self.months: list[date] = sorted(feeds["crm.subscriber"]["stat_month"].unique())

    @classmethod
    def of_landing(cls, landing: Path, reference: Path) -> Self:
        """From the files of a landing area."""
        names = ("hr.org_unit", "hr.staff", "crm.subscriber", "crm.contract")
        names += ("boss.subscriber_usage", "boss.subscriber_bill")
        names += ("boss.recharge", "boss.status_event")
        return cls({n: read_feed(landing, n) for n in names}, Rules(reference))

    # ---- where subscribers are ------------------------------------------------------------
    @cached_property
    def places(self) -> pl.DataFrame:
        """Month, area and everything above it, with names."""
        units = self.feeds["hr.org_unit"]
        tree = units.filter(pl.col("level") == "area").select(
            "stat_month",
            pl.col("org_unit_id").alias("area_id"),
            pl.col("org_unit_name").alias("area_name"),
            pl.col("org_unit_name_en").alias("area_name_en"),
            pl.col("parent_id").alias("county_id"),
        )
        above = {"county": "city_id", "city": "province_id", "province": "hq_id"}
        for level, parent in above.items():
            names = units.filter(pl.col("level") == level).select(
                "stat_month",
                pl.col("org_unit_id").alias(f"{level}_id"),
                pl.col("org_unit_name").alias(f"{level}_name"),
                pl.col("org_unit_name_en").alias(f"{level}_name_en"),
                pl.col("parent_id").alias(parent),
            )
            tree = tree.join(names, on=["stat_month", f"{level}_id"])
        return tree.select("stat_month", *PLACE)

    @cached_property
    def managers(self) -> pl.DataFrame:
        """Names of staff, and what stands where there is no account manager."""
        staff = self.feeds["hr.staff"].select(
            "stat_month",
            pl.col("staff_id").alias("account_manager_id"),
            pl.col("staff_name").alias("account_manager_name"),
            pl.col("staff_name_en").alias("account_manager_name_en"),
        )
        zh, en = self.rules.names("account_manager")["-"]
        nobody = {"account_manager_id": "-", "account_manager_name": zh}
        nobody["account_manager_name_en"] = en
        months = pl.DataFrame({"stat_month": self.months})
        return pl.concat([staff, months.join(pl.DataFrame([nobody]), how="cross")])

    @cached_property
    def area_managers(self) -> pl.DataFrame:
        """The manager of each area in office; of several, the lowest number."""
        office = (pl.col("post") == "manager") & pl.col("is_active")
        return (
            self.feeds["hr.staff"]
            .filter(office)
            .group_by("stat_month", pl.col("org_unit_id").alias("area_id"))
            .agg(pl.col("staff_id").min().alias("area_manager_id"))
        )

    @cached_property
    def subscribers(self) -> pl.DataFrame:
        """The month-end snapshot with its placement."""
        return (
            self.feeds["crm.subscriber"]
            .join(self.places, on=["stat_month", "area_id"], how="left")
            .with_columns(
                pl.col("account_manager_id").fill_null("-"),
                pl.col("status").is_in(ON_NET).alias("is_on_net"),
            )
            .join(self.managers, on=["stat_month", "account_manager_id"], how="left")
        )

    # ---- what they did --------------------------------------------------------------------
    @cached_property
    def activity(self) -> pl.DataFrame:
        """Usage, bill and recharges of each subscriber and month with rows."""
        recharges = self.feeds["boss.recharge"].group_by(KEY).agg(pl.col("recharge_amt").sum())
        return (
            self.feeds["boss.subscriber_usage"]
            .join(self.feeds["boss.subscriber_bill"], on=KEY, how="full", coalesce=True)
            .join(recharges, on=KEY, how="left")
            .with_columns(
                pl.col("recharge_amt").fill_null(0),
                (pl.col("voice_out_min") + pl.col("voice_in_min")).alias("voice_min"),
            )
        )

    @cached_property
    def baseline(self) -> pl.DataFrame:
        """Sums over the baseline months before each month, and how many of them have rows.

        ``bills`` and ``uses`` count the months with a bill and with usage, ``base_<measure>`` are
        sums, ``base_sq_billed_amt`` the sum of squares of the bills.
        """
        measures = [
            "billed_amt",
            "voice_out_min",
            "voice_min",
            "voice_offnet_min",
            "call_forward_cnt",
            "active_days",
            "recharge_amt",
        ]
        parts = []
        for month in self.months:
            [rule] = self.rules.valid("mid_high_rule", month)
            window = [add_months(month, -i) for i in range(1, int(rule["baseline_months"]) + 1)]
            parts.append(
                self.activity.filter(pl.col("stat_month").is_in(window))
                .group_by("subscriber_id")
                .agg(
                    pl.col("billed_amt").count().cast(pl.Int64).alias("bills"),
                    pl.col("voice_min").count().cast(pl.Int64).alias("uses"),
                    *[pl.col(m).sum().alias(f"base_{m}") for m in measures],
                    (pl.col("billed_amt") ** 2).sum().alias("base_sq_billed_amt"),
                )
                .with_columns(pl.lit(month).alias("stat_month"))
            )
        return pl.concat(parts)

    @cached_property
    def bindings(self) -> pl.DataFrame:
        """Whether an active contract runs at month end, and until when."""
        active = self.feeds["crm.contract"].filter(pl.col("contract_status") == "active")
        return active.group_by(KEY).agg(
            (pl.col("binding_type") == "handset").any().alias("is_handset_bound"),
            pl.lit(True).alias("is_hard_bound"),
            pl.col("ends_on").max().alias("contract_ends_on"),
        )

    # ---- subscriber month -----------------------------------------------------------------
    @cached_property
    def subscriber_month(self) -> pl.DataFrame:
        """Who was on net at some time of the month: class, flags, watch group."""
        left = (
            self.feeds["boss.status_event"]
            .filter(pl.col("event_type").is_in(LEAVES))
            .sort("event_at")
            .group_by(KEY)
            .agg(pl.col("event_reason").last().alias("left_for"))
        )
        rows = (
            self.subscribers.join(left, on=KEY, how="left")
            .filter(pl.col("is_on_net") | pl.col("left_for").is_not_null())
            .join(self.activity, on=KEY, how="left")
            .join(self.baseline, on=KEY, how="left")
            .join(self.bindings, on=KEY, how="left")
            .with_columns(
                pl.col("is_handset_bound", "is_hard_bound").fill_null(False),
                pl.col("bills", "uses").fill_null(0),
                (~pl.col("is_on_net")).alias("is_off_net"),
            )
        )
        before = self.subscribers.filter("is_on_net").select(
            pl.col("stat_month").dt.offset_by("1mo"),
            "subscriber_id",
            pl.lit(True).alias("was_on_net"),
        )
        rows = rows.join(before, on=KEY, how="left").with_columns(
            pl.col("was_on_net").fill_null(False)
        )
        return pl.concat(
            [self._judge(part, month) for (month,), part in rows.group_by("stat_month")]
        ).sort(KEY)

    def _judge(self, rows: pl.DataFrame, month: date) -> pl.DataFrame:
        """Mid/high-end, VAD class and watch groups of one month by the rules valid in it."""
        [rule] = self.rules.valid("mid_high_rule", month)
        rows = rows.with_columns(
            (
                (pl.col("bills") > 0)
                & (pl.col("uses") > 0)
                & at_least("base_billed_amt", "bills", Fraction(rule["min_billed_amt"]) * 100)
                & at_least("base_voice_out_min", "uses", Fraction(rule["min_voice_out_min"]) * 100)
            )
            .fill_null(False)
            .alias("is_mid_high")
        )
        rows = self._vad(rows, month)
        rows = rows.with_columns(
            pl.when("is_on_net").then("is_mid_high").otherwise(False).alias("watched")
        )
        rows = self._watch(rows, month)
        order = sorted(self.rules.valid("watch_priority", month), key=lambda r: int(r["priority"]))
        group = pl.lit("none")
        for r in reversed(order):
            group = (
                pl.when(f"is_{r['watch_group']}").then(pl.lit(r["watch_group"])).otherwise(group)
            )
        return rows.with_columns(
            group.alias("watch_group"),
            pl.any_horizontal([f"is_{r['watch_group']}" for r in order]).alias("is_watched"),
        )

    def _vad(self, rows: pl.DataFrame, month: date) -> pl.DataFrame:
        """The letters whose measure reaches its threshold; NVAD when none does."""
        letters = []
        by_letter = {r["dimension"]: r for r in self.rules.valid("vad_threshold", month)}
        assert set(by_letter) == {"V", "A", "D"}
        for letter in "VAD":
            r = by_letter[letter]
            reaches = pl.col(r["measure"]).fill_null(0) >= int(Fraction(r["min_value"]) * 100)
            letters.append(pl.when(reaches).then(pl.lit(letter)).otherwise(pl.lit("")))
        name = pl.concat_str(letters)
        return rows.with_columns(
            pl.when(name == "").then(pl.lit("NVAD")).otherwise(name).alias("vad_class")
        )

    def _watch(self, rows: pl.DataFrame, month: date) -> pl.DataFrame:
        """The three flags, for mid/high-end subscribers on net at month end."""
        value = {
            (r["watch_group"], r["parameter"]): Fraction(r["value"])
            for r in self.rules.valid("watch_rule", month)
        }

        def fell(measure: str, drop: Fraction, months: str) -> pl.Expr:
            """Whether the month is at most (1 - drop) of a positive baseline average."""
            left = 1 - drop
            now = pl.col(measure) * pl.col(months) * left.denominator
            return (now <= left.numerator * pl.col(f"base_{measure}")) & (
                pl.col(f"base_{measure}") > 0
            )

        leaving = {k[1]: v for k, v in value.items() if k[0] == "off_net_warning"}
        rise = leaving["offnet_share_rise"]
        out, offnet = pl.col("voice_out_min"), pl.col("voice_offnet_min")
        base_out, base_offnet = pl.col("base_voice_out_min"), pl.col("base_voice_offnet_min")
        forwards, ratio = pl.col("call_forward_cnt"), leaving["call_forward_ratio"]
        conditions = [
            fell("voice_min", leaving["usage_drop_rate"], "uses"),
            (out > 0)
            & (base_out > 0)
            # offnet/out - base_offnet/base_out >= rise, multiplied out
            & (
                (offnet * base_out - base_offnet * out) * rise.denominator
                >= rise.numerator * out * base_out
            ),
            (pl.col("uses") > 0)
            & (forwards >= int(leaving["call_forward_min_cnt"]))
            & (
                forwards * pl.col("uses") * ratio.denominator
                >= ratio.numerator * pl.col("base_call_forward_cnt")
            ),
            fell("active_days", leaving["active_days_drop_rate"], "uses")
            | fell("recharge_amt", leaving["recharge_drop_rate"], "bills"),
        ]
        met = pl.sum_horizontal([c.fill_null(False).cast(pl.Int64) for c in conditions])

        # (standard deviation / mean) >= threshold over n bills, squared and multiplied out
        n = pl.col("bills") + 1
        total = pl.col("base_billed_amt") + pl.col("billed_amt")
        squares = pl.col("base_sq_billed_amt") + pl.col("billed_amt") ** 2
        least = value["unstable", "min_billed_cv"] ** 2
        swings = (
            (pl.col("bills") > 0)
            & (total > 0)
            & ((n * squares - total**2) * least.denominator >= least.numerator * total**2)
        )
        flags = {
            "is_off_net_warning": met >= int(leaving["min_conditions"]),
            "is_value_loss": fell("billed_amt", value["value_loss", "drop_rate"], "bills"),
            "is_unstable": ~pl.col("is_hard_bound") & swings,
        }
        return rows.with_columns(
            *[(pl.col("watched") & f.fill_null(False)).alias(k) for k, f in flags.items()],
            met.alias("conditions_met"),
        )
