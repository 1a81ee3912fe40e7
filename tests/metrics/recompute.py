"""Every number of the retention slice again, straight from the extract files.

Written from the definitions (requirements R061-R066, R094, R095; the descriptions beside the
marts; the rule tables), never from the warehouse and never from the models' SQL. Amounts, minutes
and megabytes are whole hundredths, and thresholds are compared by multiplying out, so that nothing
here depends on how a division is rounded.

Rule tables are inputs, as the extracts are: ``seeds/reference/*.csv``.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import cached_property

import polars as pl

from tests.metrics.customers import KEY, LEAVES, MANAGER, PLACE, Customers
from tests.metrics.rule_tables import add_months, at_least


class Recomputation(Customers):
    """The four marts of one operator's extracts."""

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
        sums = self.flat.group_by(by).agg(pl.col(*self.ADDITIVE).sum())
        return self.named(sums, vad_class="vad_class", watch_group="watch_group")

    def named(self, rows: pl.DataFrame, **code_sets: str) -> pl.DataFrame:
        """``<column>_name`` and ``<column>_name_en`` beside each code column."""
        for column, code_set in code_sets.items():
            names = self.rules.names(code_set)
            for part, suffix in enumerate(("_name", "_name_en")):
                wording = {code: name[part] for code, name in names.items()}
                code = pl.col(column).cast(pl.String)
                rows = rows.with_columns(code.replace_strict(wording).alias(column + suffix))
        return rows

    @cached_property
    def subscriber_list(self) -> pl.DataFrame:
        """The columns of ``mart_retention__subscriber_month``; averages in millionths."""
        rows = self.named(
            self.flat,
            brand="brand",
            vip_level="vip_level",
            status="subscriber_status",
            vad_class="vad_class",
            watch_group="watch_group",
        )
        base = pl.when(pl.col("base_billed_amt") > 0).then("base_billed_amt")
        return rows.with_columns(
            *masked(),
            pl.col("voice_out_min").fill_null(0),
            millionths("base_billed_amt", "bills", 100).alias("baseline_billed_amt"),
            (pl.col("billed_amt") * pl.col("bills") / base - 1).alias("bill_change_rate"),
            pl.when(pl.col("voice_out_min") > 0)
            .then(pl.col("voice_offnet_min") / pl.col("voice_out_min"))
            .alias("offnet_share"),
        )

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
                    pl.col("billed_amt").count().cast(pl.Int64).alias("bills"),
                    pl.col("voice_min").count().cast(pl.Int64).alias("uses"),
                    pl.col("billed_amt", "voice_out_min").sum(),
                )
                .filter(
                    (pl.col("bills") > 0)
                    & (pl.col("uses") > 0)
                    & at_least("billed_amt", "bills", Fraction(rule["min_billed_amt"]) * 100)
                    & at_least("voice_out_min", "uses", Fraction(rule["min_voice_out_min"]) * 100)
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
                    # empty: tracked on
                    pl.lit(date.fromisoformat(cohort["tracked_to"] or "9999-12-01")).alias(
                        "tracked_to"
                    ),
                )
            )
        return pl.concat(parts)

    @cached_property
    def cohort_flat(self) -> pl.DataFrame:
        """Each member in each tracked month; revenue in hundredths, the base in sixths of one."""
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
            (pl.col("billed_amt") * 6 // pl.col("bills")).alias("base_revenue_sixths"),
            (pl.col("billed_amt") * 6 % pl.col("bills")).alias("not_whole"),
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
        return self.named(
            pl.concat(parts).sort("warning_id"),
            phase="warning_phase",
            warning_type="warning_type",
            warning_level="warning_level",
            vip_level="vip_level",
        )

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
        raised = raised.join(self.area_managers, on=["stat_month", "area_id"], how="left")
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
        measure, months = "billed_amt", "bills"
        if kind == "call_forward":
            measure, months = "call_forward_cnt", "uses"
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
            millionths(f"base_{measure}", months, scale).alias("baseline_value"),
            pl.col("threshold_value").cast(pl.Decimal(30, 6)),
            *masked(),
            "rule_id",
            "rule_valid_from",
            pl.when(pl.col("account_manager_id") != "-")
            .then("account_manager_id")
            .otherwise(pl.col("area_manager_id").fill_null("-"))
            .alias("owner_staff_id"),
        )

    def _condition(self, kind: str, rule: dict[str, str]) -> pl.Expr:
        """Whether a rule holds for a row, its customer grade aside."""
        if kind == "off_net":
            return pl.col("is_off_net")
        threshold, floor = Fraction(rule["threshold_value"]), Fraction(rule["floor_value"])
        if kind == "bill_drop":
            left = 1 - threshold
            now = pl.col("billed_amt") * pl.col("bills") * left.denominator
            return (
                pl.col("is_on_net")
                & (pl.col("bills") > 0)
                & at_least("base_billed_amt", "bills", floor * 100)
                & (now <= left.numerator * pl.col("base_billed_amt"))
            )
        now = pl.col("call_forward_cnt") * pl.col("uses") * threshold.denominator
        return (
            pl.col("is_on_net")
            & (pl.col("uses") > 0)
            & (pl.col("call_forward_cnt") >= int(floor))
            & (now >= threshold.numerator * pl.col("base_call_forward_cnt"))
        )

    # ---- metrics --------------------------------------------------------------------------
    def metric(self, name: str) -> tuple[pl.DataFrame, pl.Expr, pl.Expr | None]:
        """A metric as (subscriber-level rows, aggregate, denominator or None); see ``METRICS``."""
        table, top, bottom = METRICS[name]
        rows = getattr(self, table)
        if top.startswith("distinct "):
            return rows, pl.col(top.removeprefix("distinct ")).n_unique(), None
        if top == "rows":
            return rows, pl.len(), None
        return rows, pl.col(top).sum(), pl.col(bottom).sum() if bottom else None


def masked() -> list[pl.Expr]:
    """138****5678 (of a short number less is shown, so that half stays hidden) and 张**."""
    number = pl.col("msisdn")
    size = number.str.len_chars()
    return [
        pl.when(size >= 11)
        .then(number.str.head(3) + "****" + number.str.tail(4))
        .when(size >= 8)
        .then(number.str.head(2) + "****" + number.str.tail(2))
        .otherwise(pl.lit("****"))
        .alias("msisdn_masked"),
        (pl.col("customer_name").str.head(1) + "**").alias("customer_name_masked"),
    ]


def millionths(total: str, months: str, scale: int) -> pl.Expr:
    """``total / scale / months`` in whole millionths, rounded; null without months."""
    factor = 1_000_000 // scale
    # averages of 1-3 whole numbers never lie half-way between two millionths
    rounded = (2 * factor * pl.col(total) + pl.col(months)) // (2 * pl.col(months))
    return pl.when(pl.col(months) > 0).then(rounded)


#: name: rows it is counted from, column to add up, column of the denominator
METRICS: dict[str, tuple[str, str, str]] = {
    "base_cnt": ("cohort_flat", "base_cnt", ""),
    "retained_cnt": ("cohort_flat", "retained_cnt", ""),
    "customer_retention_rate": ("cohort_flat", "retained_cnt", "base_cnt"),
    "base_revenue_amt": ("cohort_flat", "base_revenue_sixths", ""),
    "retained_revenue_amt": ("cohort_flat", "retained_revenue_amt", ""),
    "revenue_retention_rate": ("cohort_flat", "retained_revenue_amt", "base_revenue_sixths"),
    "subscriber_cnt": ("flat", "subscriber_cnt", ""),
    "opening_cnt": ("flat", "opening_cnt", ""),
    "mid_high_cnt": ("flat", "mid_high_cnt", ""),
    "off_net_cnt": ("flat", "off_net_cnt", ""),
    "voluntary_off_net_cnt": ("flat", "voluntary_off_net_cnt", ""),
    "churn_rate": ("flat", "off_net_cnt", "opening_cnt"),
    "hard_bound_cnt": ("flat", "hard_bound_cnt", ""),
    "hard_bound_rate": ("flat", "hard_bound_cnt", "subscriber_cnt"),
    "watch_cnt": ("flat", "watch_cnt", ""),
    "watch_rate": ("flat", "watch_cnt", "mid_high_cnt"),
    "off_net_warning_cnt": ("flat", "off_net_warning_cnt", ""),
    "value_loss_cnt": ("flat", "value_loss_cnt", ""),
    "unstable_cnt": ("flat", "unstable_cnt", ""),
    "billed_amt": ("flat", "billed_amt", ""),
    "arpu": ("flat", "billed_amt", "subscriber_cnt"),
    "voice_min": ("flat", "voice_min", ""),
    "mou": ("flat", "voice_min", "subscriber_cnt"),
    "data_mb": ("flat", "data_mb", ""),
    "dou": ("flat", "data_mb", "subscriber_cnt"),
    "vas_fee_amt": ("flat", "vas_fee_amt", ""),
    "listed_subscriber_cnt": ("flat", "distinct subscriber_id", ""),
    "warning_cnt": ("warning", "rows", ""),
    "warned_subscriber_cnt": ("warning", "distinct subscriber_id", ""),
}
#: what one unit of a column is, as a share of the unit people read (yuan, minute, megabyte)
SCALE = {
    "base_revenue_sixths": 600,
    "retained_revenue_amt": 100,
    "billed_amt": 100,
    "voice_min": 100,
    "data_mb": 100,
    "vas_fee_amt": 100,
}
