"""Individual customers month by month, again from the extract files: segments, VIPs, areas.

Written from the definitions (requirements R032, R047-R049, R055, R056, R058, the descriptions
beside the marts, the rule tables individual_class, brand_fit, vip_rule and territory_rule), never
from the warehouse and never from the models' SQL. Amounts, minutes and megabytes are whole
hundredths.
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
from tests.metrics.recompute import Recomputation, masked
from tests.metrics.rule_tables import Rules, add_months, at_least

FEEDS = (
    "hr.org_unit", "hr.staff", "crm.subscriber", "crm.contract", "boss.subscriber_usage",
    "boss.subscriber_bill", "boss.recharge", "boss.status_event", "crm.group_member",
    "mediation.usage_area", "crm.key_person", "crm.group_customer", "market.area",
    "campaign.contact", "crm.vip_profile", "boss.opening", "channel.outlet",
)  # fmt: skip
#: dimensions of the segment mart, which are the code sets of their names too
DIMENSIONS = (
    "customer_type", "brand", "value_band", "user_group", "life_style", "sub_segment", "brand_fit",
)  # fmt: skip
#: facts of a VIP's profile
FACTS = ("birth_year", "birthday", "occupation", "industry", "interests")
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
        """The columns of ``mart_individual_value__segment_month``."""
        reached = (pl.col("step_type") == "contact") & (pl.col("result_code") == "reached")
        offers = (
            self.feeds["campaign.contact"]
            .group_by(KEY)
            .agg(
                reached.any().alias("is_offered"), pl.col("is_accepted").any().alias("is_accepted")
            )
        )
        offered = pl.col("is_on_net") & pl.col("is_offered").fill_null(False)
        sums = (
            self.classed.join(offers, on=KEY, how="left")
            .group_by(["stat_month", *PLACE, *MANAGER, *DIMENSIONS])
            .agg(
                pl.col("is_on_net").sum().cast(pl.Int64).alias("subscriber_cnt"),
                pl.col("billed_amt", "voice_min", "data_mb").fill_null(0).sum(),
                offered.sum().cast(pl.Int64).alias("offered_cnt"),
                (offered & pl.col("is_accepted")).sum().cast(pl.Int64).alias("accepted_cnt"),
            )
        )
        return self.named(sums, **{name: name for name in DIMENSIONS})

    # ---- VIPs -----------------------------------------------------------------------------
    @cached_property
    def key_persons(self) -> pl.DataFrame:
        """Key persons of groups who are subscribers, in their role at the end of the month."""
        month_end = pl.col("stat_month").dt.month_end()
        ends = pl.col("valid_to_on")
        return self.feeds["crm.key_person"].filter(
            pl.col("subscriber_id").is_not_null()
            & pl.col("is_current")
            & (pl.col("valid_from_on") <= month_end)
            & (ends.is_null() | (ends >= month_end))
        )

    @cached_property
    def posts(self) -> pl.DataFrame:
        """Subscribers in firms: whether one of these is of a key layer and led by them."""
        month_end = pl.col("stat_month").dt.month_end()
        stays = pl.col("left_on").is_null() | (pl.col("left_on") > month_end)
        listed = self.feeds["crm.group_member"].filter(
            pl.col("subscriber_id").is_not_null() & (pl.col("member_role") != "machine") & stays
        )
        known = pl.concat([
            listed.select(*KEY, "group_id", (pl.col("member_role") == "leader").alias("leads")),
            self.key_persons.select(
                *KEY, "group_id", (pl.col("person_type") == "decision_maker").alias("leads")
            ),
        ])  # fmt: skip
        layers = pl.DataFrame(
            [
                {"stat_month": month, "layer": rule["qualifier"], "is_key": True}
                for month in self.months
                for rule in self.rules.valid("vip_rule", month)
                if rule["reason"] == "group_leader"
            ]
        )
        groups = self.feeds["crm.group_customer"].join(
            layers, on=["stat_month", "layer"], how="left"
        )
        leads = pl.col("leads") & (pl.col("status") == "active") & pl.col("is_key").fill_null(False)
        return (
            known.join(groups, on=["stat_month", "group_id"], how="left")
            .group_by(KEY)
            .agg(
                leads.fill_null(False).any().alias("is_group_leader"),
                pl.col("industry_code").is_not_null().any().alias("has_industry"),
            )
        )

    @cached_property
    def vips(self) -> pl.DataFrame:
        """The columns of ``mart_individual_value__vip_month``."""
        about = self.key_persons.group_by(KEY).agg(
            pl.col("birthday").min(),
            pl.col("birth_year").max().alias("other_birth_year"),
            pl.col("job_title").is_not_null().any().alias("has_occupation"),
            pl.col("interests").is_not_null().any().alias("has_interests"),
        )
        own = self.feeds["crm.vip_profile"].select(
            *KEY,
            pl.col("birthday").alias("own_birthday"),
            pl.col("occupation").alias("own_occupation"),
            pl.col("industry_code").alias("own_industry"),
            pl.col("interests").alias("own_interests"),
        )
        rows = (
            self.classed.filter("is_on_net")
            .join(self.posts, on=KEY, how="left")
            .join(about, on=KEY, how="left")
            .join(own, on=KEY, how="left")
            .with_columns(
                # the profile kept of a VIP goes first
                pl.coalesce("own_birthday", "birthday").alias("birthday"),
                *(
                    (pl.col(f"has_{fact}").fill_null(False) | pl.col(column).is_not_null()).alias(
                        f"has_{fact}"
                    )
                    for fact, column in (
                        ("occupation", "own_occupation"),
                        ("industry", "own_industry"),
                        ("interests", "own_interests"),
                    )
                ),
            )
        )
        parts = []
        for (month,), part in rows.group_by("stat_month"):
            rules = self.rules.valid("vip_rule", month)
            cards = [r["qualifier"] for r in rules if r["reason"] == "vip_card"]
            [least] = [r["min_billed_amt"] for r in rules if r["reason"] == "high_spend"]
            spends = (pl.col("n") > 0) & at_least("paid", "n", Fraction(least) * 100)
            parts.append(
                part.with_columns(
                    pl.col("vip_level").is_in(cards).alias("is_vip_card"),
                    spends.alias("is_high_spend"),
                )
            )
        flags = ("is_group_leader", "has_industry", "has_occupation", "has_interests")
        month_no = pl.col("birthday").str.slice(0, 2).cast(pl.Int64)
        known = pl.sum_horizontal([pl.col(f"has_{fact}").cast(pl.Int64) for fact in FACTS])
        first = pl.when("is_vip_card").then(pl.lit("vip_card"))
        first = first.when("is_group_leader").then(pl.lit("group_leader"))
        rows = (
            pl.concat(parts)
            .with_columns(pl.col(*flags).fill_null(False))
            .filter(pl.any_horizontal("is_vip_card", "is_group_leader", "is_high_spend"))
            .with_columns(
                *masked(),
                first.otherwise(pl.lit("high_spend")).alias("vip_reason"),
                (pl.col("account_manager_id") != "-").alias("has_account_manager"),
                pl.col("billed_amt").fill_null(0),
                pl.when(pl.col("n") > 0)
                .then(pl.col("paid") / pl.col("n") / 100)
                .alias("average_billed_amt"),
                month_no.alias("birthday_month_no"),
                (month_no == pl.col("stat_month").dt.month() % 12 + 1)
                .fill_null(False)
                .alias("is_birthday_due"),
                pl.any_horizontal(
                    pl.col("birth_year").is_not_null(), pl.col("other_birth_year").is_not_null()
                ).alias("has_birth_year"),
                pl.col("birthday").is_not_null().alias("has_birthday"),
            )
            .with_columns(
                known.alias("profile_known_cnt"),
                pl.lit(len(FACTS), pl.Int64).alias("profile_item_cnt"),
            )
        )
        sets = ("customer_type", "brand", "vip_level", "vip_reason")
        return self.named(rows, **{name: name for name in sets})

    # ---- areas ----------------------------------------------------------------------------
    @cached_property
    def territory(self) -> pl.DataFrame:
        """The area each subscriber on net ``belongs_to`` and on what ``basis``; the one lived in,
        ``home``; and that of the outlet which sold the line, ``outlet``.
        """
        areas = self.places.select("stat_month", "area_id")
        parts = []
        for month in self.months:
            rules = sorted(
                self.rules.valid("territory_rule", month), key=lambda r: int(r["precedence"])
            )
            [least] = [int(r["min_night_days"]) for r in rules if r["basis"] == "home_cell"]
            here = pl.col("stat_month") == month
            homes = (
                self.feeds["mediation.usage_area"]
                .filter(here & (pl.col("night_days") >= least))
                .join(areas, on=["stat_month", "area_id"], how="semi")
                .sort("night_days", "active_days", "area_id", descending=[True, True, False])
                .group_by(KEY, maintain_order=True)
                .agg(pl.col("area_id").first().alias("home"))
            )
            told = (
                self.subscribers.filter(here & pl.col("is_on_net"))
                .select(*KEY, "area_id")
                .join(areas.with_columns(pl.col("area_id").alias("assigned")),
                      on=["stat_month", "area_id"], how="left")
                .join(homes, on=KEY, how="left")
                .join(self._sellers(month), on="subscriber_id", how="left")
            )  # fmt: skip
            named = {"assigned": "assigned", "home_cell": "home", "outlet": "outlet"}
            order = [named[r["basis"]] for r in rules]
            basis = pl.lit("none")
            for rule in reversed(rules):
                known = pl.col(named[rule["basis"]]).is_not_null()
                basis = pl.when(known).then(pl.lit(rule["basis"])).otherwise(basis)
            parts.append(
                told.with_columns(pl.coalesce(*order).alias("belongs_to"), basis.alias("basis"))
            )
        return pl.concat(parts)

    def _sellers(self, month: date) -> pl.DataFrame:
        """Where the outlets stand in a month that sold lines in the months before it."""
        [months] = [
            int(r["max_sale_months"])
            for r in self.rules.valid("territory_rule", month)
            if r["basis"] == "outlet"
        ]
        sold = self.feeds["boss.opening"].filter(
            pl.col("stat_month").is_between(add_months(month, 1 - months), month)
        )
        areas = self.places.filter(pl.col("stat_month") == month).select("area_id")
        outlets = self.feeds["channel.outlet"].filter(pl.col("stat_month") == month)
        return (
            sold.sort("stat_month", "opened_at")
            .group_by("subscriber_id", maintain_order=True)
            .agg(pl.col("outlet_id").last())
            .join(outlets.select("outlet_id", "area_id"), on="outlet_id")
            .join(areas, on="area_id", how="semi")
            .select("subscriber_id", pl.col("area_id").alias("outlet"))
        )

    @cached_property
    def areas(self) -> pl.DataFrame:
        """The columns of ``mart_individual_value__area_month``."""
        key = ["stat_month", "area_id"]
        elsewhere = pl.col("home") != pl.col("belongs_to")
        belonging = self.territory.group_by(
            "stat_month", pl.col("belongs_to").alias("area_id")
        ).agg(
            pl.len().cast(pl.Int64).alias("subscriber_cnt"),
            pl.col("home").count().cast(pl.Int64).alias("home_known_cnt"),
            elsewhere.sum().cast(pl.Int64).alias("living_elsewhere_cnt"),
        )
        guests = (
            self.territory.filter(elsewhere)
            .group_by("stat_month", pl.col("home").alias("area_id"))
            .agg(pl.len().cast(pl.Int64).alias("living_here_cnt"))
        )
        counts = ("subscriber_cnt", "home_known_cnt", "living_elsewhere_cnt", "living_here_cnt")
        nobody = self.managers.filter(pl.col("account_manager_id") == "-")
        return (
            self.places.join(belonging, on=key, how="left")
            .join(guests, on=key, how="left")
            .join(self.feeds["market.area"], on=key, how="left")
            .join(nobody, on="stat_month")
            .with_columns(
                pl.col(*counts).fill_null(0),
                (pl.col("market_line_cnt") - pl.col("own_line_cnt")).alias("other_line_cnt"),
                (pl.col("population_cnt") - pl.col("own_line_cnt")).alias("potential_cnt"),
            )
        )
