"""What follows from a customer's months: growth, place, potential, stickiness, win-over chances."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property

import polars as pl

from tests.metrics.customer_value.groups import KEY, months_between
from tests.metrics.customer_value.money import Money
from tests.metrics.rule_tables import add_months

COMPETITORS = ("op_b", "op_c")


class Value(Money):
    """The columns of ``mart_customer_value__group_month``, apart from the social score."""

    # ---- earlier months (R008) ------------------------------------------------------------
    @cached_property
    def festivals(self) -> dict[int, date]:
        """First day of the Spring Festival by year, which is that of the lunar year."""
        days = self.codes("lunar_month", "starts_on", "lunar_month_no", "is_leap_month")
        first = days.filter(
            (pl.col("lunar_month_no") == "1") & (pl.col("is_leap_month") == "false")
        )
        return {day.year: day for day in map(date.fromisoformat, first["starts_on"])}

    def aligned_year_ago(self, month: date) -> date:
        """The month a year ago; January and February change places when the festival did."""
        now, then = self.festivals[month.year].month, self.festivals[month.year - 1].month
        if month.month <= 2 and now != then:
            return date(month.year - 1, 3 - month.month, 1)
        return add_months(month, -12)

    def _earlier(self, name: str, of: Callable[[date], date]) -> pl.DataFrame:
        """``<name>_revenue_amt`` of another month, and as ``<name>_known_amt`` null where there was
        no such customer; both are null where that month has no data."""
        then = [{"stat_month": m, "then": of(m)} for m in self.months if of(m) in self.months]
        revenue = self.parts.select(pl.col("stat_month").alias("then"), "group_id", "revenue_amt")
        schema = {"stat_month": pl.Date, "then": pl.Date}
        return (
            self.parts.select(KEY)
            .join(pl.DataFrame(then, schema=schema), on="stat_month")
            .join(revenue, on=["then", "group_id"], how="left")
            .select(
                *KEY,
                pl.col("revenue_amt").fill_null(0).alias(f"{name}_revenue_amt"),
                pl.col("revenue_amt").alias(f"{name}_known_amt"),
            )
        )

    @cached_property
    def growth(self) -> pl.DataFrame:
        """Revenue of the three months compared with, and the changes."""
        rows = self.parts.select(*KEY, "revenue_amt")
        others = {
            "previous": lambda month: add_months(month, -1),
            "year_ago": lambda month: add_months(month, -12),
            "year_ago_aligned": self.aligned_year_ago,
        }
        for name, of in others.items():
            change = pl.col("revenue_amt") - pl.col(f"{name}_revenue_amt")
            rows = rows.join(self._earlier(name, of), on=KEY, how="left").with_columns(
                change.alias(f"{name}_change_amt")
            )
        return rows.join(self._two_months(), on=KEY, how="left").drop("revenue_amt")

    def _two_months(self) -> pl.DataFrame:
        """``two_months_change_amt`` where both months before have data."""
        there = [m for m in self.months if add_months(m, -1) in self.months]
        change = pl.col("revenue_amt") - pl.col("two_before_revenue_amt")
        return (
            self._earlier("two_before", lambda month: add_months(month, -2))
            .filter(pl.col("stat_month").is_in(there))
            .join(self.parts.select(*KEY, "revenue_amt"), on=KEY)
            .select(*KEY, change.alias("two_months_change_amt"))
        )

    @cached_property
    def split(self) -> pl.DataFrame:
        """Stock: what a customer of the frozen base brings, up to what it brought then (R024)."""
        stock = pl.min_horizontal("revenue_amt", "base_amt")
        return self.parts.select(
            *KEY,
            pl.when("is_stock_base").then(stock).otherwise(0).alias("stock_revenue_amt"),
        ).join(self.parts.select(*KEY, "revenue_amt"), on=KEY).select(
            *KEY,
            "stock_revenue_amt",
            (pl.col("revenue_amt") - pl.col("stock_revenue_amt")).alias("increment_revenue_amt"),
        )  # fmt: skip

    # ---- place among the others (R030, R019) ----------------------------------------------
    @cached_property
    def places(self) -> pl.DataFrame:
        """Rank by revenue of the active; what a line and an employee bring against the mean."""
        brought = pl.col("revenue_amt") + pl.col("member_bill_amt")
        lines = pl.col("own_member_cnt")
        active = self.parts.filter("is_active").join(
            self.parameter("pareto_share"), on="stat_month"
        )
        ranked = active.select(
            *KEY,
            pl.col("revenue_amt").rank("min", descending=True).over("stat_month").cast(pl.Int64)
            .alias("revenue_rank_no"),
            (pl.col("revenue_amt").rank("min").over("stat_month") - 1).alias("lower_cnt"),
            pl.len().over("stat_month").alias("active_cnt"),
            "pareto_share",
        ).with_columns(
            (100 * pl.col("lower_cnt") / (pl.col("active_cnt") - 1)).alias("revenue_percentile"),
            (pl.col("revenue_rank_no") <= (pl.col("active_cnt") * pl.col("pareto_share")).ceil())
            .alias("is_pareto_top")
        )  # fmt: skip
        staff = pl.col("employees_cnt")
        known = staff.fill_null(0) > 0
        mean = active.group_by("stat_month").agg(
            (brought.filter(lines > 0).sum() / lines.sum() / 100).alias("mean_arpu"),
            (brought.filter(known).sum() / staff.sum()).alias("mean_of_employees"),
        )
        return (
            self.parts.select(
                *KEY,
                pl.when(lines > 0).then(brought / lines / 100).alias("arpu"),
                pl.when(known).then(brought / staff).alias("of_each_employee"),
                (pl.col("revenue_amt") / pl.col("revenue_amt").sum().over("stat_month", "area_id"))
                .fill_nan(None)
                .alias("area_revenue_share"),
            )
            .join(mean, on="stat_month", how="left")
            .join(
                ranked.select(*KEY, "revenue_rank_no", "revenue_percentile", "is_pareto_top"),
                on=KEY,
                how="left",
            )
            .with_columns(
                pl.col("is_pareto_top").fill_null(False),
                (pl.col("arpu") < pl.col("mean_arpu")).fill_null(False).alias("is_below_mean_arpu"),
                (pl.col("of_each_employee") < pl.col("mean_of_employees"))
                .fill_null(False)
                .alias("is_below_mean_per_employee"),
            )
        )

    # ---- stickiness (R004) ----------------------------------------------------------------
    @cached_property
    def stickiness(self) -> pl.DataFrame:
        """Contract-bound and recurring shares of revenue and products in use, weighed by rule."""
        rows = self.parts.select(
            *KEY, "revenue_amt", "contract_bound_amt", "recurring_amt", "product_cnt"
        )
        for part in ("contract_weight", "recurring_weight", "product_weight", "full_product_cnt"):
            rows = rows.join(self.parameter(f"stickiness_{part}"), on="stat_month")

        def share(amount: str) -> pl.Expr:
            # without revenue there is nothing that could stick
            return pl.when(pl.col("revenue_amt") > 0).then(pl.col(amount) / pl.col("revenue_amt"))

        products = (pl.col("product_cnt") / pl.col("stickiness_full_product_cnt")).clip(
            upper_bound=1
        )
        index = (
            pl.col("stickiness_contract_weight") * share("contract_bound_amt")
            + pl.col("stickiness_recurring_weight") * share("recurring_amt")
            + pl.col("stickiness_product_weight") * products
        )
        return rows.select(*KEY, index.alias("stickiness_index"))

    # ---- competitors (R038-R040) ----------------------------------------------------------
    @cached_property
    def held(self) -> pl.DataFrame:
        """What each competitor holds, side by side, and the chance of winning the customer over."""
        holds = self.competitors.filter("is_bound").sort(
            "collected_on", "business_kind", descending=[True, False]
        )
        ends = pl.col("contract_ends_on")
        each = holds.group_by(*KEY, "competitor", maintain_order=True).agg(
            pl.len().cast(pl.Int64).alias("kind_cnt"),
            pl.col("line_cnt").sum(),
            pl.col("monthly_spend_amt").sum().alias("spend_amt"),
            ends.filter(ends >= pl.col("month_end")).min(),
            ends.max().alias("bound_until"),
            pl.col("confidence").first(),
            pl.col("collected_on").first(),
            pl.col("customer_stage").first().alias("stage"),
        )
        all_of_them = each.group_by(KEY).agg(
            pl.col("kind_cnt").sum().alias("competitor_tie_cnt"),
            pl.col("spend_amt").sum().alias("competitor_spend_amt"),
        )
        each = self._chances(each.join(all_of_them, on=KEY))
        rows = self.parts.select(KEY).join(all_of_them, on=KEY, how="left")
        for name in COMPETITORS:
            own = each.filter(pl.col("competitor") == name).select(
                *KEY, pl.exclude(*KEY, "competitor").name.prefix(f"{name}_")
            )
            rows = rows.join(own, on=KEY, how="left")
        best = pl.max_horizontal(f"{name}_win_over_score" for name in COMPETITORS)
        return rows.with_columns(
            pl.col("^.*(_cnt|_amt)$").fill_null(0), best.alias("win_over_score")
        )

    def _chances(self, each: pl.DataFrame) -> pl.DataFrame:
        """``win_over_score``: falls with kinds, share of spending and months of contract left."""
        rows = each.join(self.parts.select(*KEY, "revenue_amt"), on=KEY)
        for name in ("full_score", "per_kind", "per_spend", "per_contract_month",
                     "max_contract_months"):  # fmt: skip
            rows = rows.join(self.parameter(f"win_over_{name}"), on="stat_month")
        spends = pl.col("revenue_amt") + pl.col("competitor_spend_amt")
        # won over in full is who leaves every competitor, so what all hold together counts
        share = pl.when(spends > 0).then(pl.col("competitor_spend_amt") / spends).otherwise(0.0)
        left = months_between("stat_month", "bound_until").fill_null(0).clip(lower_bound=0)
        months = pl.min_horizontal(left.cast(pl.Float64), "win_over_max_contract_months")
        score = (
            pl.col("win_over_full_score")
            - pl.col("win_over_per_kind") * pl.col("competitor_tie_cnt")
            - pl.col("win_over_per_spend") * share
            - pl.col("win_over_per_contract_month") * months
        )
        return rows.with_columns(score.clip(lower_bound=0).alias("win_over_score")).select(
            *each.drop("competitor_tie_cnt", "competitor_spend_amt").columns, "win_over_score"
        )

    @cached_property
    def valued(self) -> pl.DataFrame:
        """Everything but potential, which needs a score."""
        rows = self.parts
        for theme in (self.growth, self.split, self.places, self.stickiness, self.held):
            rows = rows.join(theme, on=KEY, how="left")
        names = [
            {"status": code, "status_name": zh, "status_name_en": en}
            for code, (zh, en) in self.rules.names("group_status").items()
        ]
        types = self.parameter("key_person_type_cnt").rename({"key_person_type_cnt": "all_types"})
        return (
            rows.join(pl.DataFrame(names), on="status", how="left")
            .join(types, on="stat_month")
            .with_columns(
                (pl.col("key_person_type_cnt") >= pl.col("all_types")).alias("has_all_key_persons"),
                self._fell().alias("is_shrinking"),
            )
        )

    def _fell(self) -> pl.Expr:
        """Less than a year ago, the festival aligned; than the month before for a customer of whom
        nothing is known a year ago (R008, R019)."""
        known = (f"{name}_known_amt" for name in ("year_ago_aligned", "year_ago", "previous"))
        return (pl.col("revenue_amt") < pl.coalesce(*known)).fill_null(False)
