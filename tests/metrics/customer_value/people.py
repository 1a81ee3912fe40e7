"""Individual customers month by month, again from the extract files: classes and segments.

Written from the definitions (requirements R032, R047-R049, the descriptions beside the marts, the
rule tables individual_class and brand_fit), never from the warehouse and never from the models'
SQL. Amounts, minutes and megabytes are whole hundredths.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Self

import polars as pl

from tests.metrics.customers import KEY, MANAGER, PLACE
from tests.metrics.extract_files import read_feed
from tests.metrics.recompute import Recomputation
from tests.metrics.rule_tables import Rules, at_least

FEEDS = (
    "hr.org_unit", "hr.staff", "crm.subscriber", "crm.contract", "boss.subscriber_usage",
    "boss.subscriber_bill", "boss.recharge", "boss.status_event", "crm.group_member",
    "mediation.usage_area",
)  # fmt: skip
#: dimensions of the segment mart, which are the code sets of their names too
DIMENSIONS = (
    "customer_type", "brand", "value_band", "user_group", "life_style", "sub_segment", "brand_fit",
)  # fmt: skip
USED = pl.col("voice_min").is_not_null()
PLACED = pl.col("stay_days") > 0
CALLS = pl.col("voice_out_min") > 0


class People(Recomputation):
    """What kind of customer each subscriber is, and what each kind pays and uses."""

    @classmethod
    def of_landing(cls, landing: Path, reference: Path) -> Self:
        """From the files of a landing area."""
        return cls({name: read_feed(landing, name) for name in FEEDS}, Rules(reference))

    @cached_property
    def members(self) -> pl.DataFrame:
        """Subscribers who belong to a group at the end of the month; machines by themselves."""
        month_end = pl.col("stat_month").dt.month_end()
        stays = pl.col("left_on").is_null() | (pl.col("left_on") > month_end)
        return (
            self.feeds["crm.group_member"]
            .filter(pl.col("subscriber_id").is_not_null() & stays)
            .group_by(KEY)
            .agg((pl.col("member_role") != "machine").any().alias("is_person"))
        )

    @cached_property
    def stays(self) -> pl.DataFrame:
        """Days in places, and those of them outside towns."""
        days = pl.col("active_days")
        return (
            self.feeds["mediation.usage_area"]
            .group_by(KEY)
            .agg(days.sum().alias("stay_days"), days.filter("is_rural").sum().alias("rural_days"))
        )

    @cached_property
    def classed(self) -> pl.DataFrame:
        """Every subscriber of a month with the classes of all dimensions."""
        billed = pl.col("billed_amt")
        rows = (
            self.subscriber_month.join(self.members, on=KEY, how="left")
            .join(self.stays, on=KEY, how="left")
            .with_columns(
                pl.when("is_person")
                .then(pl.lit("group_member"))
                .when(~pl.col("is_person"))
                .then(pl.lit("machine"))
                .otherwise(pl.lit("individual"))
                .alias("customer_type"),
                (pl.col("stat_month").dt.year() - pl.col("birth_year")).alias("age"),
                (pl.col("bills") + billed.is_not_null()).cast(pl.Int64).alias("n"),
                (pl.col("base_billed_amt").fill_null(0) + billed.fill_null(0)).alias("paid"),
                pl.col("stay_days", "rural_days").fill_null(0).cast(pl.Int64),
            )
        )
        parts = [self._classes(part, month) for (month,), part in rows.group_by("stat_month")]
        return pl.concat(parts).sort(KEY)

    def _classes(self, rows: pl.DataFrame, month: date) -> pl.DataFrame:
        """The first class by precedence that holds, in each dimension."""
        rules = self.rules.valid("individual_class", month)
        least = {r["class"]: Fraction(r["min_value"] or 0) for r in rules}

        def share(part: str, whole: str, name: str, known: pl.Expr) -> pl.Expr:
            return known & at_least(part, whole, least[name])

        long, out = "voice_long_distance_min", "voice_out_min"
        holds = {
            **{name: pl.col("age") >= int(least[name])
               for name in ("senior", "middle_aged", "young_adult")},
            "youth": pl.col("age").is_not_null(),
            **{name: (pl.col("n") > 0) & at_least("paid", "n", least[name] * 100)
               for name in ("high_value", "middle_value")},
            "low_value": pl.col("n") > 0,
            "traveller": share("voice_roaming_min", out, "traveller", CALLS),
            "home_caller": share(long, out, "home_caller", CALLS),
            "surfer": pl.col("data_mb") >= int(least["surfer"] * 100),
            "talker": pl.col("voice_min") >= int(least["talker"] * 100),
            "light": USED,
            "professional": pl.col("customer_type") == "group_member",
            "rural": share("rural_days", "stay_days", "rural", PLACED),
            "migrant": share(long, out, "migrant", PLACED & CALLS),
            "mass": PLACED,
        }  # fmt: skip
        made = {}
        for dimension in ("user_group", "value_band", "life_style", "sub_segment"):
            found = pl.lit("unknown")
            mine = [r for r in rules if r["dimension"] == dimension]
            for rule in sorted(mine, key=lambda r: -int(r["precedence"])):
                name = rule["class"]
                found = pl.when(holds[name].fill_null(False)).then(pl.lit(name)).otherwise(found)
            made[dimension] = found
        mass = pl.col("brand") == "easyown"
        made["sub_segment"] = pl.when(mass).then(made["sub_segment"]).otherwise(pl.lit("none"))
        return rows.with_columns(
            self._fit(month), **{name: value.alias(name) for name, value in made.items()}
        )

    def _fit(self, month: date) -> pl.Expr:
        """Whether age and bill suit the brand."""
        fit = pl.lit("unknown")
        age, billed = pl.col("age"), pl.col("n") > 0
        for rule in self.rules.valid("brand_fit", month):
            young, old = rule["min_age"], rule["max_age"]
            low, high = rule["min_billed_amt"], rule["max_billed_amt"]
            known = pl.lit(True)
            known &= age.is_not_null() if young or old else True
            known &= billed if low or high else True
            verdict = pl.when(known).then(pl.lit("fits")).otherwise(pl.lit("unknown"))
            for bound, says, wrong in (
                (high, "spends_more", lambda b: at_least("paid", "n", Fraction(b) * 100)),
                (low, "spends_less", lambda b: ~at_least("paid", "n", Fraction(b) * 100)),
                (young, "too_young", lambda b: age < int(b)),
                (old, "too_old", lambda b: age > int(b)),
            ):
                if bound:
                    needs = billed if says.startswith("spends") else age.is_not_null()
                    is_wrong = (needs & wrong(bound)).fill_null(False)
                    verdict = pl.when(is_wrong).then(pl.lit(says)).otherwise(verdict)
            fit = pl.when(pl.col("brand") == rule["brand"]).then(verdict).otherwise(fit)
        return fit.alias("brand_fit")

    @cached_property
    def people_segments(self) -> pl.DataFrame:
        """The columns of ``mart_customer_value__segment_month``."""
        sums = self.classed.group_by(["stat_month", *PLACE, *MANAGER, *DIMENSIONS]).agg(
            pl.col("is_on_net").sum().cast(pl.Int64).alias("subscriber_cnt"),
            pl.col("billed_amt", "voice_min", "data_mb").fill_null(0).sum(),
        )
        return self.named(sums, **{name: name for name in DIMENSIONS})
