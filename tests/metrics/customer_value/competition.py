"""Competition and applications, again from the extract files (R023, R042-R044)."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

import polars as pl

from tests.metrics.customer_value.groups import KEY, MONTH_END
from tests.metrics.customer_value.metrics import KINDS
from tests.metrics.customer_value.warnings import Warnings

PLACED = "^(province|city|county|area|account_manager)_(id|name|name_en)$"
UNIT = ["stat_month", "area_id", "account_manager_id"]


class Competition(Warnings):
    """The marts about operators, their offers and industry applications."""

    @cached_property
    def own_products(self) -> pl.DataFrame:
        """Instances in use on the last day, each with its kind of business."""
        return (
            self.feeds["crm.product_instance"]
            .filter(
                (pl.col("started_on") <= MONTH_END)
                & (pl.col("ended_on").is_null() | (pl.col("ended_on") > MONTH_END))
            )
            .join(self.kinds, on=["stat_month", "product_id"], how="left")
        )

    @cached_property
    def operators(self) -> pl.DataFrame:
        """The operators and what they are called."""
        names = self.rules.names("operator").items()
        return pl.DataFrame(
            [{"operator": c, "operator_name": zh, "operator_name_en": en} for c, (zh, en) in names]
        )

    @cached_property
    def operator_area(self) -> pl.DataFrame:
        """Outlets and scores of the census; areas of the market estimate without one have none."""
        key = ["stat_month", "area_id"]
        census = self.feeds["competitor.outlet_census"]
        areas = self.feeds["market.area"].select(key)
        rows = pl.concat(
            [
                areas.join(self.operators.select("operator"), how="cross"),
                census.select(*key, "operator"),
            ]
        ).unique()
        own = census.filter(pl.col("operator") == "own").select(
            *key,
            pl.col("mystery_score").alias("own_score"),
            pl.sum_horizontal("hall_cnt", "exclusive_cnt", "agent_cnt").alias("own_outlet_cnt"),
        )
        scores = pl.col("mystery_score").is_not_null() & pl.col("own_score").is_not_null()
        both = scores & (pl.col("operator") != "own")
        gap = (pl.col("own_score") - pl.col("mystery_score")) * pl.col("visit_cnt")
        return (
            rows.join(census, on=[*key, "operator"], how="left")
            .join(own, on=key, how="left")
            .with_columns(
                pl.col("^.*_cnt$").fill_null(0),
                pl.lit("-").alias("account_manager_id"),
                (pl.col("mystery_score") * pl.col("visit_cnt"))
                .fill_null(0)
                .alias("service_score_sum"),
                pl.when(both).then("visit_cnt").otherwise(0).alias("compared_visit_cnt"),
                pl.when(both).then(gap).otherwise(0).alias("score_gap_sum"),
            )
            .with_columns(
                pl.sum_horizontal("hall_cnt", "exclusive_cnt", "agent_cnt").alias("outlet_cnt")
            )
            .join(self.operators, on="operator")
            .join(self.tree.places, on=key, how="left")
            .join(self.tree.managers, on=["stat_month", "account_manager_id"], how="left")
        )

    @cached_property
    def operator_month(self) -> pl.DataFrame:
        """Customers, lines and spend of each operator by place and industry section."""
        place = ["stat_month", "area_id", "account_manager_id", "industry_section"]
        customers = self.parts.select(
            *KEY, PLACED, "industry_section", "industry_section_name",
            "industry_section_name_en", "status",
        )  # fmt: skip
        existing = customers.filter(pl.col("status") != "closed").select(KEY)
        theirs = self.competitors.filter("is_bound").join(existing, on=KEY).select(
            *KEY, pl.col("competitor").alias("operator"), "business_kind", "line_cnt",
            pl.col("monthly_spend_amt").alias("spend"),
        )  # fmt: skip
        ours = self.own_products.select(
            *KEY, pl.lit("own").alias("operator"), "business_kind", "line_cnt",
        )  # fmt: skip
        billed = [
            self.parts.filter(pl.col("is_active") & (pl.col(f"{kind}_amt") > 0)).select(
                *KEY, pl.lit("own").alias("operator"), pl.lit(kind).alias("business_kind"),
                pl.lit(0, pl.Int64).alias("line_cnt"),
            )
            for kind in KINDS
        ]  # fmt: skip
        held = pl.concat([ours, *billed, theirs.drop("spend")])
        bills = [
            self.parts.select(
                *KEY, pl.lit("own").alias("operator"), pl.lit(kind).alias("business_kind"),
                pl.col(f"{kind}_amt").alias("spend"),
            )
            for kind in KINDS
        ]  # fmt: skip
        spends = pl.concat([*bills, theirs.drop("line_cnt")])
        who = [*KEY, "operator"]
        each = held.group_by(who).agg(
            pl.col("business_kind").n_unique().alias("kinds"),
            pl.col("line_cnt").sum(),
            *((pl.col("business_kind") == kind).any().alias(kind) for kind in KINDS),
        )
        suppliers = each.group_by(KEY).agg(pl.len().alias("suppliers"))
        paid = spends.group_by(who).agg(
            pl.col("spend").sum().alias("spend_amt"),
            *(
                pl.col("spend").filter(pl.col("business_kind") == kind).sum().alias(f"{kind}_amt")
                for kind in KINDS
            ),
        )
        rows = (
            customers.join(self.operators, how="cross")
            .join(each, on=who, how="left")
            .join(suppliers, on=KEY, how="left")
            .join(paid, on=who, how="left")
        )
        named = [c for c in rows.columns if c.endswith(("_name", "_name_en")) or c in PARENTS]
        known = pl.col("kinds").is_not_null()

        def count(condition: pl.Expr) -> pl.Expr:
            return condition.fill_null(False).sum().cast(pl.Int64)

        table = rows.group_by(*place, "operator").agg(
            pl.col(named).first(),
            count(known).alias("customer_cnt"),
            *(count(pl.col(kind)).alias(f"{kind}_customer_cnt") for kind in KINDS),
            count(pl.col("kinds") == len(KINDS)).alias("full_service_customer_cnt"),
            count(known & (pl.col("suppliers") == 1)).alias("only_customer_cnt"),
            pl.col("line_cnt", "spend_amt", *(f"{kind}_amt" for kind in KINDS)).sum(),
            count(pl.col("suppliers").is_not_null()).alias("market_customer_cnt"),
        )
        return table.with_columns(pl.col("spend_amt").sum().over(place).alias("market_spend_amt"))

    @cached_property
    def offer_month(self) -> pl.DataFrame:
        """Competing products wherever there are customers, and what is at stake among theirs."""
        product = ["stat_month", "product_id"]
        names = self.feeds["boss.product"].select(
            *product,
            pl.col("product_name").alias("own_product_name"),
            pl.col("product_name_en").alias("own_product_name_en"),
        )
        kinds = self.kinds.select(*product, "business_kind")
        tariffs = self.feeds["competitor.tariff"].rename({"own_product_id": "product_id"})
        offers = tariffs.join(names, on=product).join(kinds, on=product)
        verdicts = [self._position(row) for row in offers.iter_rows(named=True)]
        offers = offers.with_columns(pl.Series("offer_position", verdicts))
        places = self.parts.select("stat_month", PLACED).unique()
        assert places.select(UNIT).is_duplicated().sum() == 0
        used = (
            self.own_products.join(self.parts.select(*KEY, *UNIT[1:]), on=KEY)
            .group_by(*UNIT, "product_id")
            .agg(
                pl.col("group_id").n_unique().cast(pl.Int64).alias("customer_cnt"),
                pl.col("line_cnt").sum(),
                pl.col("monthly_fee_amt").sum().alias("at_stake_amt"),
            )
        )
        return (
            places.join(offers, on="stat_month")
            .join(used, on=[*UNIT, "product_id"], how="left")
            .with_columns(pl.col("customer_cnt", "line_cnt", "at_stake_amt").fill_null(0))
            .rename({"product_id": "own_product_id"})
            .pipe(self._named, competitor="competitor", offer_position="offer_position")
        )

    def _position(self, row: dict[str, Any]) -> str:
        """Our product beside theirs: how good, and for how much."""
        rule = self.parameters("customer_value_rule", row["stat_month"])
        own, fee = row["own_monthly_fee_amt"], row["monthly_fee_amt"]
        good, theirs = row["own_quality_score"], row["quality_score"]
        near = Fraction(rule["offer_same_fee_share"]) * own
        alike = Fraction(rule["offer_same_quality_points"]) * 100
        price = "same" if abs(own - fee) <= near else "less" if own < fee else "more"
        quality = "same" if abs(good - theirs) <= alike else "better" if good > theirs else "worse"
        return f"{quality}_for_{price}"

    @cached_property
    def application_month(self) -> pl.DataFrame:
        """Who could use each industry application and who does, by the customer's industry."""
        industries = self.codes("industry", "industry_code", "name_zh", "name_en")
        made_for = pl.concat(
            [industries, pl.DataFrame([ALL_INDUSTRIES], schema=industries.columns, orient="row")]
        ).rename(
            {
                "industry_code": "made_for_industry_code",
                "name_zh": "made_for_industry_name",
                "name_en": "made_for_industry_name_en",
            }
        )
        product = ["stat_month", "product_id"]
        applications = (
            self.feeds["crm.group_product"]
            .filter(pl.col("business_kind") == "industry_application")
            .select(
                *product, "bearer", pl.col("industry_code").fill_null("-")
                .alias("made_for_industry_code"),
            )
            .join(made_for, on="made_for_industry_code")
            .join(
                self.feeds["boss.product"].select(*product, "product_name", "product_name_en"),
                on=product,
            )
        )  # fmt: skip
        industry = pl.col("^industry_(code|name|name_en|section|section_name|section_name_en)$")
        customers = self.parts.filter("is_active").select(*KEY, PLACED, industry)
        used = self.own_products.group_by(*KEY, "product_id").agg(
            pl.col("line_cnt", "monthly_fee_amt").sum(), pl.lit(True).alias("uses")
        )
        rows = customers.join(applications, on="stat_month").join(
            used, on=[*KEY, "product_id"], how="left"
        )
        fits = (pl.col("made_for_industry_code") == "-") | (
            pl.col("made_for_industry_code") == pl.col("industry_code")
        )
        uses = pl.col("uses").fill_null(False)
        rows = rows.with_columns(fits.alias("fits"), uses).filter(pl.col("fits") | pl.col("uses"))
        grain = [*UNIT, "industry_code", "product_id"]
        said = [c for c in rows.columns if "_name" in c or "industry" in c or c in PARENTS]
        return rows.group_by(grain).agg(
            pl.col([c for c in (*said, "bearer") if c not in grain]).first(),
            pl.col("fits").sum().cast(pl.Int64).alias("industry_customer_cnt"),
            (pl.col("fits") & pl.col("uses")).sum().cast(pl.Int64).alias("using_customer_cnt"),
            (~pl.col("fits")).sum().cast(pl.Int64).alias("other_using_customer_cnt"),
            pl.col("line_cnt", "monthly_fee_amt").sum(),
        )


#: the application's industry and what it is called where it is made for none of them
ALL_INDUSTRIES = ("-", "通用", "All industries")
PARENTS = ("province_id", "city_id", "county_id")
