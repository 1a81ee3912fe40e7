"""Steps of the plan with key persons, needs, self-service, tiers: again from the extract files."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import polars as pl

from tests.metrics.customer_value.churn import Churn
from tests.metrics.customer_value.groups import KEY, MONTH_END, NOT_MACHINE, rows_where
from tests.metrics.customer_value.metrics import SELF_SERVICE
from tests.metrics.rule_tables import add_months

STEPS = ("identify", "build", "maintain", "expand", "follow_up")
NEEDS = ("tariff", "one_stop", "solution")
CHANNELS = ("visit", "manager", "agent", "portal", "hotline", "hall", "liaison")


class Care(Churn):
    """What of ``mart_customer_value__group_month`` tells how customers are looked after."""

    # ---- the plan with key persons (R051) --------------------------------------------------
    @cached_property
    def steps(self) -> pl.DataFrame:
        """Key persons in their role by the step worked on last."""
        in_role = (pl.col("valid_from_on") <= MONTH_END) & (
            pl.col("valid_to_on").is_null() | (pl.col("valid_to_on") >= MONTH_END)
        )
        persons = self.feeds["crm.key_person"].filter(pl.col("is_current") & in_role)
        events = self.feeds["crm.key_person_event"].filter(pl.col("work_step").is_not_null())
        found = []
        for month in self.months:
            back = int(
                float(self.parameters("customer_value_rule", month)["key_person_step_months"])
            )
            latest = (
                events.filter(pl.col("stat_month").is_between(add_months(month, 1 - back), month))
                .sort("event_at", "event_id")
                .group_by("key_person_id", maintain_order=True)
                .agg(pl.col("work_step").last())
            )
            now = persons.filter(pl.col("stat_month") == month).select(*KEY, "key_person_id")
            found.append(now.join(latest, on="key_person_id", how="left"))
        return (
            pl.concat(found)
            .group_by(KEY)
            .agg(
                *(rows_where(pl.col("work_step") == step).alias(f"step_{step}_cnt")
                  for step in STEPS),
                rows_where(pl.col("work_step").is_null()).alias("step_none_cnt"),
            )
        )  # fmt: skip

    # ---- needs (R059, R060) ----------------------------------------------------------------
    @cached_property
    def heard(self) -> pl.DataFrame:
        """Each need in the month in which it was written down, and the month of its order."""

        def here(moment: str) -> pl.Expr:
            return pl.col(moment).dt.date().dt.truncate("1mo") == pl.col("stat_month")

        known = pl.col("need_type").is_not_null()
        visits = self.feeds["crm.visit"].filter(known & here("feedback_at")).select(
            *KEY, pl.col("visit_id").alias("need_id"), "need_type", pl.lit("visit").alias("came_by")
        )  # fmt: skip
        chances = self.feeds["crm.opportunity"]
        told = visits.group_by(pl.col("need_id").alias("visit_id")).agg(
            pl.col("stat_month").min().alias("told_in")
        )
        others = (
            chances.filter(known & here("found_at"))
            .join(told, on="visit_id", how="left")
            .filter(pl.col("told_in").is_null() | (pl.col("told_in") > pl.col("stat_month")))
            .select(
                *KEY, pl.col("opportunity_id").alias("need_id"), "need_type",
                pl.col("source_channel").alias("came_by"),
            )
        )  # fmt: skip
        orders = chances.filter((pl.col("state") == "won") & here("closed_at"))
        won = (
            pl.concat(
                orders.select("stat_month", pl.col(of).alias("need_id")).drop_nulls()
                for of in ("opportunity_id", "visit_id")
            )
            .group_by("need_id")
            .agg(pl.col("stat_month").min().alias("won_in"))
        )
        return pl.concat([visits, others]).join(won, on="need_id", how="left")

    @cached_property
    def needs(self) -> pl.DataFrame:
        """Needs of the month, and those that are unmet at its end."""
        return pl.concat([self._needs_of(month) for month in self.months])

    def _needs_of(self, month: date) -> pl.DataFrame:
        back = int(float(self.parameters("customer_value_rule", month)["need_watch_months"]))
        watched = self.heard.filter(
            pl.col("stat_month").is_between(add_months(month, 1 - back), month)
        )
        new = pl.col("stat_month") == month
        unmet = pl.col("won_in").is_null() | (pl.col("won_in") > month)
        return watched.group_by("group_id").agg(
            pl.lit(month).alias("stat_month"),
            rows_where(new).alias("need_cnt"),
            *(rows_where(new & (pl.col("came_by") == c)).alias(f"need_{c}_cnt") for c in CHANNELS),
            *(rows_where(new & (pl.col("need_type") == k)).alias(f"need_{k}_cnt") for k in NEEDS),
            rows_where(unmet).alias("unmet_need_cnt"),
            *(rows_where(unmet & (pl.col("need_type") == k)).alias(f"unmet_{k}_cnt")
              for k in NEEDS),
        )  # fmt: skip

    # ---- self-service (R178) ---------------------------------------------------------------
    @cached_property
    def self_service(self) -> pl.DataFrame:
        """What own members do on electronic channels, and on those that nobody attends."""
        alone = ["web", "sms", "wap", "app", "self_service"]
        line = ["stat_month", "subscriber_id"]
        own = self.feeds["crm.group_member"].filter(
            NOT_MACHINE
            & (pl.col("network") == "own")
            & (pl.col("left_on").is_null() | (pl.col("left_on") > MONTH_END))
        )
        by_self = pl.col("channel").is_in(alone)
        came = pl.col("login_cnt") + pl.col("transaction_cnt") > 0
        used = own.select(*KEY, "member_no", "subscriber_id").join(
            self.feeds["echannel.user_month"], on=line
        )
        # a member listed twice is two members, but what one does is done once
        members = used.group_by(KEY).agg(
            pl.col("member_no").filter(came).n_unique().cast(pl.Int64)
            .alias("echannel_member_cnt"),
            pl.col("member_no").filter(came & by_self).n_unique().cast(pl.Int64)
            .alias("self_service_member_cnt"),
        )  # fmt: skip
        done = used.unique([*KEY, "subscriber_id", "channel"]).group_by(KEY).agg(
            pl.col("transaction_cnt").sum().alias("echannel_transaction_cnt"),
            pl.col("transaction_cnt").filter(by_self).sum().alias("self_service_transaction_cnt"),
            pl.col("payment_cnt").filter(by_self).sum().alias("self_service_payment_cnt"),
        )  # fmt: skip
        business = self.feeds["crm.customer_contact"].filter(
            (pl.col("direction") == "customer") & (pl.col("reason_code") == "transaction")
        )
        contacts = (
            own.select(*KEY, "subscriber_id")
            .unique()
            .join(business, on=line)
            .group_by(KEY)
            .agg(
                pl.len().cast(pl.Int64).alias("business_contact_cnt"),
                rows_where(pl.col("channel_type").is_in(alone)).alias("self_service_contact_cnt"),
            )
        )
        return members.join(done, on=KEY, how="full", coalesce=True).join(
            contacts, on=KEY, how="full", coalesce=True
        )

    # ---- tiers and sizes (R022, R034) ------------------------------------------------------
    def _with_names(self, rows: pl.DataFrame) -> pl.DataFrame:
        for column, code_set in {
            "size_segment": "size_segment",
            "entitled_tier": "service_tier",
            "chosen_tier": "service_tier",
            "credit_class": "credit_class",
        }.items():
            for part, suffix in enumerate(("_name", "_name_en")):
                names = {code: n[part] for code, n in self.rules.names(code_set).items()}
                named = pl.col(column).replace_strict(names, default=None)
                rows = rows.with_columns(named.alias(column + suffix))
        order = {tier: place for place, tier in enumerate(self.rules.names("service_tier"))}

        def place(column: str) -> pl.Expr:
            return pl.col(column).replace_strict(order, default=None, return_dtype=pl.Int64)

        return rows.with_columns((place("entitled_tier") - place("chosen_tier")).alias("tier_gap"))

    @cached_property
    def group_month(self) -> pl.DataFrame:
        """All columns of the mart."""
        counts = pl.col("^(step|need|unmet)_.*cnt$").fill_null(0)
        rows = super().group_month
        for part in (self.steps, self.needs, self.self_service):
            rows = rows.join(part, on=KEY, how="left")
        return self._with_names(rows.with_columns(counts, pl.col(*SELF_SERVICE).fill_null(0)))
