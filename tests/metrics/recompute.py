"""Every number of the retention slice again, straight from the extract files.

Written from the definitions (requirements R061-R066, R094, R095; the descriptions beside the
marts; the rule tables), never from the warehouse and never from the models' SQL. Amounts, minutes
and megabytes are whole hundredths, and thresholds are compared by multiplying out, so that nothing
here depends on how a division is rounded.

Rule tables are inputs, as the extracts are: ``seeds/reference/*.csv``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import polars as pl
from metrics.extract_files import read_feed

ON_NET = ["on_net", "suspended"]
LEAVES = ["off_net", "port_out"]
LEVELS = ("province", "city", "county", "area")
PLACE = [f"{level}_{part}" for level in LEVELS for part in ("id", "name", "name_en")]
MANAGER = ["account_manager_id", "account_manager_name", "account_manager_name_en"]
#: a month and a subscriber
KEY = ["stat_month", "subscriber_id"]


@dataclass
class Rules:
    """The rule tables of one operator."""

    folder: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="utf-8", newline="") as f:
            return list(csv.DictReader(f))

    def valid(self, name: str, month: date) -> list[dict[str, str]]:
        """Rows of a table that hold in a month."""
        return [
            r
            for r in self.rows(name)
            if date.fromisoformat(r["valid_from"]) <= month
            and (not r["valid_to"] or month < date.fromisoformat(r["valid_to"]))
        ]


def add_months(month: date, count: int) -> date:
    """First day of the month ``count`` months later."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def at_least(total: str, months: str, share: Fraction) -> pl.Expr:
    """Whether ``total / months >= share`` of two whole-number columns, exactly."""
    return pl.col(total) * share.denominator >= share.numerator * pl.col(months)


class Recomputation:
    """The four marts of one operator's extracts.

    Args:
        feeds: extract tables by feed name, hundredths as whole numbers (``extract_files``).
        rules: the rule tables.
    """

    def __init__(self, feeds: dict[str, pl.DataFrame], rules: Rules) -> None:
        self.feeds, self.rules = feeds, rules
        self.months: list[date] = sorted(feeds["crm.subscriber"]["stat_month"].unique())

    @classmethod
    def of_landing(cls, landing: Path, reference: Path) -> Recomputation:
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
        return self.feeds["hr.staff"].select(
            "stat_month",
            pl.col("staff_id").alias("account_manager_id"),
            pl.col("staff_name").alias("account_manager_name"),
            pl.col("staff_name_en").alias("account_manager_name_en"),
        )

    @cached_property
    def subscribers(self) -> pl.DataFrame:
        """The month-end snapshot with its placement."""
        return (
            self.feeds["crm.subscriber"]
            .join(self.places, on=["stat_month", "area_id"], how="left")
            .join(self.managers, on=["stat_month", "account_manager_id"], how="left")
            .with_columns(
                pl.col("account_manager_id").fill_null("-"),
                pl.col("status").is_in(ON_NET).alias("is_on_net"),
            )
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

        ``base_n`` months; ``base_<measure>`` sums; ``sq``/``sum`` over baseline and current month
        would be of mixed months, so those are kept apart as ``base_sq_billed_amt``.
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
                    pl.len().cast(pl.Int64).alias("base_n"),
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
                pl.col("base_n").fill_null(0),
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
                (pl.col("base_n") > 0)
                & at_least("base_billed_amt", "base_n", Fraction(rule["min_billed_amt"]) * 100)
                & at_least(
                    "base_voice_out_min", "base_n", Fraction(rule["min_voice_out_min"]) * 100
                )
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

        def fell(measure: str, drop: Fraction) -> pl.Expr:
            """Whether the month is at most (1 - drop) of a positive baseline average."""
            left = 1 - drop
            now = pl.col(measure) * pl.col("base_n") * left.denominator
            return (now <= left.numerator * pl.col(f"base_{measure}")) & (
                pl.col(f"base_{measure}") > 0
            )

        leaving = {k[1]: v for k, v in value.items() if k[0] == "off_net_warning"}
        rise = leaving["offnet_share_rise"]
        out, offnet = pl.col("voice_out_min"), pl.col("voice_offnet_min")
        base_out, base_offnet = pl.col("base_voice_out_min"), pl.col("base_voice_offnet_min")
        forwards, ratio = pl.col("call_forward_cnt"), leaving["call_forward_ratio"]
        conditions = [
            fell("voice_min", leaving["usage_drop_rate"]),
            (out > 0)
            & (base_out > 0)
            # offnet/out - base_offnet/base_out >= rise, multiplied out
            & (
                (offnet * base_out - base_offnet * out) * rise.denominator
                >= rise.numerator * out * base_out
            ),
            (forwards >= int(leaving["call_forward_min_cnt"]))
            & (
                forwards * pl.col("base_n") * ratio.denominator
                >= ratio.numerator * pl.col("base_call_forward_cnt")
            ),
            fell("active_days", leaving["active_days_drop_rate"])
            | fell("recharge_amt", leaving["recharge_drop_rate"]),
        ]
        met = pl.sum_horizontal([c.fill_null(False).cast(pl.Int64) for c in conditions])

        # (standard deviation / mean) >= threshold over n bills, squared and multiplied out
        n = pl.col("base_n") + 1
        total = pl.col("base_billed_amt") + pl.col("billed_amt")
        squares = pl.col("base_sq_billed_amt") + pl.col("billed_amt") ** 2
        least = value["unstable", "min_billed_cv"] ** 2
        swings = (total > 0) & (
            (n * squares - total**2) * least.denominator >= least.numerator * total**2
        )
        flags = {
            "is_off_net_warning": met >= int(leaving["min_conditions"]),
            "is_value_loss": fell("billed_amt", value["value_loss", "drop_rate"]),
            "is_unstable": ~pl.col("is_hard_bound") & swings,
        }
        return rows.with_columns(
            *[(pl.col("watched") & f.fill_null(False)).alias(k) for k, f in flags.items()],
            met.alias("conditions_met"),
        )

    # ---- segment month --------------------------------------------------------------------
    @cached_property
    def flat(self) -> pl.DataFrame:
        """One row per subscriber and month with every additive part of ``segment_month``."""
        one = pl.lit(1, pl.Int64)

        def count(*flags: str) -> pl.Expr:
            return pl.when(pl.all_horizontal(flags)).then(one).otherwise(0)

        return self.subscriber_month.with_columns(
            count("was_on_net").alias("opening_cnt"),
            count("is_on_net").alias("subscriber_cnt"),
            count("is_off_net").alias("off_net_cnt"),
            pl.when(pl.col("is_off_net") & (pl.col("left_for") != "arrears"))
            .then(one)
            .otherwise(0)
            .alias("voluntary_off_net_cnt"),
            count("is_on_net", "is_hard_bound").alias("hard_bound_cnt"),
            count("is_on_net", "is_mid_high").alias("mid_high_cnt"),
            count("is_off_net_warning").alias("off_net_warning_cnt"),
            count("is_value_loss").alias("value_loss_cnt"),
            count("is_unstable").alias("unstable_cnt"),
            count("is_watched").alias("watch_cnt"),
            pl.col("billed_amt", "voice_min", "data_mb", "vas_fee_amt").fill_null(0),
        )

    ADDITIVE = (
        "opening_cnt",
        "subscriber_cnt",
        "off_net_cnt",
        "voluntary_off_net_cnt",
        "hard_bound_cnt",
        "off_net_warning_cnt",
        "value_loss_cnt",
        "unstable_cnt",
        "watch_cnt",
        "billed_amt",
        "voice_min",
        "data_mb",
        "vas_fee_amt",
    )

    @cached_property
    def segment_month(self) -> pl.DataFrame:
        """Sums by month, place, manager, class, group and the two flags."""
        by = ["stat_month", *PLACE, *MANAGER]
        by += ["vad_class", "watch_group", "is_mid_high", "is_handset_bound"]
        return self.flat.group_by(by).agg(pl.col(*self.ADDITIVE).sum())

    # ---- cohorts --------------------------------------------------------------------------
    @cached_property
    def cohort_members(self) -> pl.DataFrame:
        """Members of each frozen cohort with their baseline (sum of hundredths, months)."""
        parts = []
        for cohort in self.rules.rows("retention_cohort"):
            freeze = date.fromisoformat(cohort["freeze_month"])
            [rule] = self.rules.valid("mid_high_rule", freeze)
            window = [add_months(freeze, -i) for i in range(int(cohort["baseline_months"]))]
            base = (
                self.activity.filter(pl.col("stat_month").is_in(window))
                .group_by("subscriber_id")
                .agg(
                    pl.len().cast(pl.Int64).alias("n"),
                    pl.col("billed_amt", "voice_out_min").sum(),
                )
                .filter(
                    at_least("billed_amt", "n", Fraction(rule["min_billed_amt"]) * 100)
                    & at_least("voice_out_min", "n", Fraction(rule["min_voice_out_min"]) * 100)
                )
            )
            parts.append(
                self.subscribers.filter((pl.col("stat_month") == freeze) & pl.col("is_on_net"))
                .select("subscriber_id", *PLACE, *MANAGER)
                .join(base, on="subscriber_id")
                .with_columns(
                    pl.lit(cohort["cohort_id"]).alias("cohort_id"),
                    pl.lit(cohort["cohort_name"]).alias("cohort_name"),
                    pl.lit(cohort["cohort_name_en"]).alias("cohort_name_en"),
                    pl.lit(freeze).alias("freeze_month"),
                    pl.lit(date.fromisoformat(cohort["tracked_to"])).alias("tracked_to"),
                )
            )
        return pl.concat(parts)

    @cached_property
    def cohort_flat(self) -> pl.DataFrame:
        """Each member in each tracked month; revenue parts in hundredths.

        ``base_revenue_6`` is the member's average in millionths, the six decimals that the mart
        keeps, not yet rounded (a float of at most 10 digits before them).
        """
        now = self.subscribers.join(
            self.activity.select(*KEY, "billed_amt"), on=KEY, how="left"
        ).select(*KEY, "is_on_net", pl.col("billed_amt").fill_null(0).alias("billed_now"))
        rows = self.cohort_members.join(
            pl.DataFrame({"stat_month": self.months}), how="cross"
        ).filter(
            (pl.col("stat_month") > pl.col("freeze_month"))
            & (pl.col("stat_month") <= pl.col("tracked_to"))
        )
        stays = pl.col("is_on_net").fill_null(False)
        return rows.join(now, on=KEY, how="left").with_columns(
            pl.lit(1, pl.Int64).alias("base_cnt"),
            stays.cast(pl.Int64).alias("retained_cnt"),
            # sixths of a hundredth: every average of 1, 2 or 3 bills is a whole number of them
            (pl.col("billed_amt") * 6 // pl.col("n")).alias("base_revenue_sixths"),
            (pl.col("billed_amt") * 6 % pl.col("n")).alias("not_whole"),
            pl.when(stays).then("billed_now").otherwise(0).alias("retained_revenue_amt"),
        )

    COHORT_PARTS = ("base_cnt", "retained_cnt", "base_revenue_sixths", "retained_revenue_amt")

    @cached_property
    def cohort_month(self) -> pl.DataFrame:
        assert self.cohort_flat["not_whole"].sum() == 0, "a baseline of other than 1-3 months"
        by = ["stat_month", "cohort_id", "cohort_name", "cohort_name_en", "freeze_month"]
        return self.cohort_flat.group_by([*by, *PLACE, *MANAGER]).agg(
            pl.col(*self.COHORT_PARTS).sum()
        )

    # ---- warnings -------------------------------------------------------------------------
    @cached_property
    def warning(self) -> pl.DataFrame:
        """One row per warning, the highest level whose rule holds."""
        rows = self.subscriber_month.with_columns(
            # 3 VIP and mid/high-end, 2 either, 1 has an account manager
            pl.when((pl.col("vip_level") != "none") & pl.col("is_mid_high"))
            .then(3)
            .when((pl.col("vip_level") != "none") | pl.col("is_mid_high"))
            .then(2)
            .when(pl.col("account_manager_id") != "-")
            .then(1)
            .otherwise(0)
            .alias("grade")
        )
        parts = []
        for (month,), part in rows.group_by("stat_month"):
            rules = sorted(
                (
                    r
                    for r in self.rules.valid("warning_rule", month)
                    if r["is_enabled"].lower() == "true"
                ),
                key=lambda r: int(r["warning_level"]),
            )
            for kind in ("bill_drop", "call_forward", "off_net"):
                raised = self._raise(part, month, kind, rules)
                parts.append(raised)
        return pl.concat(parts).sort("warning_id")

    def _raise(
        self, rows: pl.DataFrame, month: date, kind: str, rules: list[dict[str, str]]
    ) -> pl.DataFrame:
        """Warnings of one type in one month."""
        rows = rows.with_columns(
            pl.lit(None, pl.String).alias("rule_id"),
            pl.lit(0).alias("warning_level"),
            pl.lit(None, pl.String).alias("threshold_value"),
            pl.lit(None, pl.Date).alias("rule_valid_from"),
        )
        for rule in (r for r in rules if r["warning_type"] == kind):
            holds = self._condition(kind, rule) & (
                pl.col("grade") >= int(rule["min_customer_grade"])
            )
            holds = holds.fill_null(False)
            rows = rows.with_columns(
                pl.when(holds).then(pl.lit(rule["rule_id"])).otherwise("rule_id").alias("rule_id"),
                pl.when(holds)
                .then(pl.lit(int(rule["warning_level"])))
                .otherwise("warning_level")
                .alias("warning_level"),
                pl.when(holds)
                .then(pl.lit(rule["threshold_value"] or None))
                .otherwise("threshold_value")
                .alias("threshold_value"),
                pl.when(holds)
                .then(pl.lit(date.fromisoformat(rule["valid_from"])))
                .otherwise("rule_valid_from")
                .alias("rule_valid_from"),
            )
        raised = rows.filter(pl.col("rule_id").is_not_null())
        phase = "after" if kind == "off_net" else "during"
        if kind == "off_net":
            about = (
                self.feeds["boss.status_event"]
                .filter(pl.col("event_type").is_in(LEAVES))
                .select(
                    *KEY,
                    pl.col("event_id").alias("about"),
                    pl.col("event_at").dt.date().alias("raised_on"),
                )
            )
            raised = raised.join(about, on=KEY)
        else:
            raised = raised.with_columns(
                pl.col("subscriber_id").alias("about"),
                pl.lit(add_months(month, 1)).dt.offset_by("-1d").alias("raised_on"),
            )
        measure = "call_forward_cnt" if kind == "call_forward" else "billed_amt"
        scale = 1 if kind == "call_forward" else 100
        return raised.select(
            pl.format(
                "{}|{}|{}|{}", pl.lit(month.isoformat()), pl.lit(phase), pl.lit(kind), "about"
            ).alias("warning_id"),
            *KEY,
            pl.lit(phase).alias("phase"),
            pl.lit(kind).alias("warning_type"),
            pl.col("warning_level").cast(pl.Int64),
            "raised_on",
            *PLACE,
            *MANAGER,
            "vip_level",
            "is_mid_high",
            (pl.col(measure) * (100 // scale)).alias("measure_value"),
            pl.when(pl.col("base_n") > 0)
            .then(pl.col(f"base_{measure}") / pl.col("base_n") / scale)
            .alias("baseline_value"),
            "threshold_value",
            "rule_id",
            "rule_valid_from",
            self._owner().alias("owner_staff_id"),
        )

    def _owner(self) -> pl.Expr:
        return pl.col("account_manager_id")

    def _condition(self, kind: str, rule: dict[str, str]) -> pl.Expr:
        """Whether a rule holds for a row, its customer grade aside."""
        if kind == "off_net":
            return pl.col("is_off_net")
        threshold, floor = Fraction(rule["threshold_value"]), Fraction(rule["floor_value"])
        if kind == "bill_drop":
            left = 1 - threshold
            now = pl.col("billed_amt") * pl.col("base_n") * left.denominator
            return (
                pl.col("is_on_net")
                & (pl.col("base_n") > 0)
                & at_least("base_billed_amt", "base_n", floor * 100)
                & (now <= left.numerator * pl.col("base_billed_amt"))
            )
        now = pl.col("call_forward_cnt") * pl.col("base_n") * threshold.denominator
        return (
            pl.col("is_on_net")
            & (pl.col("base_n") > 0)
            & (pl.col("call_forward_cnt") >= int(floor))
            & (now >= threshold.numerator * pl.col("base_call_forward_cnt"))
        )
