"""What group customers were billed, paid, owe and cost, again from the extract files."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from tests.metrics.customer_value.groups import KEY, MONTH_END, Groups, months_between

#: kinds of cost that have a column of their own; a discount is known from the bill already (R026)
COSTS = {"handset_subsidy": "subsidy_amt", "manager": "manager_cost_amt", "build": "build_cost_amt"}
INPUT = ["discount_amt", "granted_amt", *COSTS.values(), "other_cost_amt"]
KINDS = ("communication", "industry_application", "service_support")


class Money(Groups):
    """Sums of each group customer and month, in hundredths."""

    @cached_property
    def payers(self) -> pl.DataFrame:
        """Accounts that groups pay."""
        return self.feeds["boss.account"].filter(pl.col("account_type") == "group")

    def _of_groups(self, feed: str) -> pl.DataFrame:
        """Rows of a feed on accounts of groups, with the group that pays."""
        payers = self.payers.select("stat_month", "account_id", "group_id", "term_days")
        rows = self.feeds[feed]
        rows = rows.drop("group_id") if "group_id" in rows.columns else rows
        return rows.join(payers, on=["stat_month", "account_id"])

    @cached_property
    def items(self) -> pl.DataFrame:
        """Items on accounts of groups with what they count as in the month."""
        types = self.codes("bill_item_type", "item_type", "service_type", "business_kind", "is_ict")
        bound = self.feeds["crm.product_instance"].join(
            self.in_force.select("stat_month", "group_contract_id"),
            on=["stat_month", "group_contract_id"],
        )
        bound = bound.select("stat_month", "instance_id", pl.lit(True).alias("is_bound"))
        return (
            self._of_groups("boss.bill_item")
            .join(self.kinds, on=["stat_month", "product_id"], how="left")
            .join(types, on="item_type", how="left", suffix="_of_type")
            .join(bound, on=["stat_month", "instance_id"], how="left")
            .with_columns(
                pl.coalesce("business_kind", "business_kind_of_type").alias("business_kind"),
                pl.coalesce("is_ict", pl.col("is_ict_of_type") == "true").alias("is_ict"),
                pl.col("is_new_business", "is_bound").fill_null(False),
            )
        )

    @cached_property
    def billed(self) -> pl.DataFrame:
        """Revenue and what it consists of (R001, R003, R005, R012, R013, R035)."""

        def net(condition: pl.Expr) -> pl.Expr:
            return pl.col("net_amt").filter(condition).sum()

        kind, service = pl.col("business_kind"), pl.col("service_type")
        return self.items.group_by(KEY).agg(
            pl.col("net_amt").sum().alias("revenue_amt"),
            pl.col("billed_amt").sum().alias("output_amt"),
            pl.col("discount_amt").sum(),
            *(net(kind == name).alias(f"{name}_amt") for name in KINDS),
            net(pl.col("is_ict")).alias("ict_amt"),
            net(pl.col("is_new_business")).alias("new_business_amt"),
            net(service == "voice").alias("voice_amt"),
            net(service == "data").alias("data_amt"),
            net(pl.col("is_recurring")).alias("recurring_amt"),
            net(pl.col("is_bound")).alias("contract_bound_amt"),
        )

    @cached_property
    def spent(self) -> pl.DataFrame:
        """Costs of serving and benefits granted (R021, R026)."""
        costs = self.feeds["finance.cost_allocation"].filter(pl.col("object_type") == "group")
        kind = pl.col("cost_kind")
        other = ~kind.is_in(["discount", *COSTS])
        allocated = costs.group_by("stat_month", pl.col("object_id").alias("group_id")).agg(
            *(pl.col("cost_amt").filter(kind == k).sum().alias(name) for k, name in COSTS.items()),
            pl.col("cost_amt").filter(other).sum().alias("other_cost_amt"),
        )
        granted = (
            self.feeds["crm.benefit_grant"]
            .filter(pl.col("group_id").is_not_null())
            .group_by(KEY)
            .agg(pl.col("granted_amt").sum())
        )
        return allocated.join(granted, on=KEY, how="full", coalesce=True)

    @cached_property
    def paid(self) -> pl.DataFrame:
        """Payments, open bills and limits (R014, R029)."""
        due = pl.col("bill_month_on").dt.month_end() + pl.duration(days=pl.col("term_days"))
        payments = (
            self._of_groups("boss.payment")
            .group_by(KEY)
            .agg(
                pl.col("paid_amt").sum(),
                pl.col("paid_amt")
                .filter(pl.col("paid_at").dt.date() <= due)
                .sum()
                .alias("paid_on_time_amt"),
            )
        )
        overdue = self._overdue()
        receivables = (
            overdue.group_by(KEY)
            .agg(
                pl.col("outstanding_amt").sum(),
                pl.col("outstanding_amt").filter("is_overdue").sum().alias("overdue_amt"),
                pl.col("outstanding_amt").filter("is_bad_debt").sum().alias("bad_debt_amt"),
                pl.col("overdue_days").max().alias("overdue_days_max"),
            )
        )  # fmt: skip
        limits = (
            self.payers.filter(pl.col("account_status") != "closed")
            .group_by(KEY)
            .agg(pl.col("credit_limit_amt").sum())
        )
        made = payments.join(receivables, on=KEY, how="full", coalesce=True)
        return made.join(limits, on=KEY, how="full", coalesce=True)

    def _overdue(self) -> pl.DataFrame:
        """Open bills of groups with whether their age band counts as overdue."""
        bands: list[dict[str, Any]] = [
            {
                "stat_month": month,
                "least": int(r["min_days"]),
                "most": int(r["max_days"] or 10**9),
                "is_overdue": r["is_overdue"] == "true",
            }
            for month in self.months
            for r in self.valid("receivable_age_band", month)
        ]
        return (
            self._of_groups("boss.receivable")
            .join(pl.DataFrame(bands), on="stat_month")
            .filter(pl.col("overdue_days").is_between("least", "most"))
        )

    # ---- competitors ----------------------------------------------------------------------
    @cached_property
    def competitors(self) -> pl.DataFrame:
        """What holds each customer at each competitor: the reports that still count (R038-R040)."""
        keep = self.parameter("keep_months", "competitor_binding_rule")
        reports = self.feeds["competitor.intelligence"].rename({"stat_month": "reported_in"})
        age = months_between("reported_in", "stat_month")
        latest = (
            reports.join(keep, how="cross")
            .filter((age >= 0) & (age < pl.col("keep_months")))
            .sort("collected_on", "intelligence_id")
            .group_by(*KEY, "competitor", "business_kind")
            .last()
        )
        holds = ((pl.col("line_cnt") > 0) | (pl.col("monthly_spend_amt") > 0)) & (
            pl.col("customer_stage") != "won"
        )
        return latest.with_columns(holds.alias("is_bound"), MONTH_END.alias("month_end"))

    @cached_property
    def parts(self) -> pl.DataFrame:
        """One row per customer and month on file, billed or with members, all of the above."""
        themes = [self.profiles, self.billed, self.spent, self.paid, self.members, self.bindings]
        keys = [frame.select(KEY) for frame in (self.profiles, self.billed, self.members)]
        rows = pl.concat(keys).unique()
        for theme in [*themes, self.people, self.relation, self.alliances]:
            rows = rows.join(theme, on=KEY, how="left")
        ends = [c for c in rows.columns if c.endswith(("_amt", "_cnt", "_max"))]
        return rows.with_columns(
            pl.col(set(ends) - {"base_amt"}).fill_null(0),
            pl.col("is_on_file", "is_active").fill_null(False),
        ).with_columns(pl.sum_horizontal(INPUT).alias("input_amt"))
