"""Group customers month by month, again from the extract files: who they are, what ties them.

Written from the definitions (requirements R001-R054, the descriptions beside the models, the rule
tables), never from the warehouse and never from the models' SQL. Amounts are whole hundredths.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import polars as pl

from tests.metrics.customer_value.metrics import KINDS
from tests.metrics.customers import Customers
from tests.metrics.extract_files import read_feed
from tests.metrics.rule_tables import Rules

#: a month and a group customer
KEY = ["stat_month", "group_id"]
FEEDS = (
    "hr.org_unit", "hr.staff",
    "crm.group_customer", "crm.customer_list", "crm.group_member", "crm.key_person",
    "crm.key_person_event", "crm.liaison", "crm.group_rating", "crm.benefit_grant",
    "crm.group_product", "crm.product_instance", "crm.group_contract", "crm.visit",
    "crm.product_trial", "crm.opportunity", "crm.alliance_project",
    "boss.account", "boss.bill_item", "boss.payment", "boss.receivable", "boss.product",
    "boss.subscriber_bill", "finance.cost_allocation", "competitor.intelligence",
    "eoms.complaint", "echannel.user_month", "crm.customer_contact", "competitor.outlet_census",
    "competitor.tariff", "market.area",
)  # fmt: skip
MONTH_END = pl.col("stat_month").dt.month_end()
NOT_MACHINE = pl.col("member_role") != "machine"


class Groups:
    """What each group customer is, has and does, one frame per theme, keyed by ``KEY``.

    Args:
        feeds: extract tables by feed name, hundredths as whole numbers (``extract_files``).
        rules: the rule tables.
    """

    def __init__(self, feeds: dict[str, pl.DataFrame], rules: Rules) -> None:
        self.feeds, self.rules = feeds, rules
        self._valid: dict[tuple[str, date], list[dict[str, str]]] = {}
        self.months: list[date] = sorted(feeds["crm.group_customer"]["stat_month"].unique())
        self.tree = Customers({**feeds, "crm.subscriber": feeds["crm.group_customer"]}, rules)

    @classmethod
    def of_landing(cls, landing: Path, reference: Path) -> Self:
        """From the files of a landing area."""
        return cls({name: read_feed(landing, name) for name in FEEDS}, Rules(reference))

    def valid(self, table: str, month: date) -> list[dict[str, str]]:
        """Rows of a rule table that hold in a month, read once."""
        if (table, month) not in self._valid:
            self._valid[table, month] = self.rules.valid(table, month)
        return self._valid[table, month]

    def parameters(self, table: str, month: date) -> dict[str, str]:
        """Values of a table of parameters that hold in a month."""
        return {r["parameter"]: r["value"] for r in self.valid(table, month)}

    def parameter(self, name: str, table: str = "customer_value_rule") -> pl.DataFrame:
        """``stat_month`` and the value of one parameter in it, under its name."""
        values = [float(self.parameters(table, month)[name]) for month in self.months]
        return pl.DataFrame({"stat_month": self.months, name: values})

    def codes(self, table: str, key: str, *columns: str) -> pl.DataFrame:
        """Columns of a table of codes."""
        text = pl.read_csv(self.rules.codes / f"{table}.csv", infer_schema=False)
        return text.select(key, *columns)

    # ---- who they are ---------------------------------------------------------------------
    @cached_property
    def profiles(self) -> pl.DataFrame:
        """The customer file with industry, size, lists and placement."""
        industries = self.codes(
            "industry", "industry_code", "industry_section", "name_zh", "name_en",
            "section_name_zh", "section_name_en",
        ).rename(
            {
                "name_zh": "industry_name",
                "name_en": "industry_name_en",
                "section_name_zh": "industry_section_name",
                "section_name_en": "industry_section_name_en",
            }
        )  # fmt: skip
        first = pl.col("group_id").sort_by("stat_month", "group_id").first().over("group_name")
        shared = pl.col("group_id") != first
        numbered = pl.format("{} ({})", "group_name", "group_id")
        return (
            self.feeds["crm.group_customer"]
            .with_columns(
                # what it is chosen by is nobody else's
                pl.when(shared).then(numbered).otherwise("group_name").alias("group_name"),
                pl.col("account_manager_id", "chosen_tier").fill_null("-"),
                (pl.col("status") == "active").alias("is_active"),
                pl.lit(True).alias("is_on_file"),
                # a month has gone by at its last day, however long it is
                months_between("opened_on", "stat_month").alias("network_age_months"),
            )
            .rename({"layer": "file_layer"})
            # every month of the sample has a ledger, which goes before the file
            .drop("joint_investment_amt")
            .join(industries, on="industry_code", how="left")
            .join(self._sizes(), on=KEY, how="left")
            .join(self._lists(), on=KEY, how="left")
            .with_columns(pl.col("is_target_market", "is_stock_base").fill_null(False))
            .join(self.tree.places, on=["stat_month", "area_id"], how="left")
            .join(self.tree.managers, on=["stat_month", "account_manager_id"], how="left")
        )

    def _sizes(self) -> pl.DataFrame:
        """Band and segment by employees (R034)."""
        rows: list[dict[str, Any]] = []
        for month in self.months:
            for r in self.valid("group_size_band", month):
                band = {c: r[c] for c in ("size_band", "size_segment")}
                bounds = (r["min_employees_cnt"], r["max_employees_cnt"] or 10**9)
                least, most = map(int, bounds)
                rows.append({"stat_month": month, "least": least, "most": most, **band})
        sizes = self.feeds["crm.group_customer"].select(*KEY, "employees_cnt")
        return (
            sizes.join(pl.DataFrame(rows), on="stat_month")
            .filter(pl.col("employees_cnt").is_between("least", "most"))
            .select(*KEY, "size_band", "size_segment")
        )

    def _lists(self) -> pl.DataFrame:
        """On the lists frozen for the year of the month (R001, R024)."""
        lists = self.feeds["crm.customer_list"].filter(
            pl.col("list_year") == pl.col("stat_month").dt.year()
        )

        def of(kind: str) -> pl.Expr:
            return pl.col("list_kind") == kind

        return lists.group_by(KEY).agg(
            of("target_market").any().alias("is_target_market"),
            of("stock_base").any().alias("is_stock_base"),
            pl.col("base_month_fee_amt").filter(of("stock_base")).max().alias("base_amt"),
        )

    # ---- lines of members -----------------------------------------------------------------
    @cached_property
    def members(self) -> pl.DataFrame:
        """Lines that belong to a group at month end, machines apart; bills of all own lines."""
        listed = self.feeds["crm.group_member"].with_columns(
            (pl.col("network") == "own").alias("own"),
            (pl.col("left_on").is_null() | (pl.col("left_on") > MONTH_END)).alias("belongs"),
            (pl.col("left_on").dt.truncate("1mo") == pl.col("stat_month")).alias("left_now"),
            (pl.col("joined_on").dt.truncate("1mo") == pl.col("stat_month")).alias("joined_now"),
        )
        there = listed.filter("belongs")

        def count(*flags: str | pl.Expr) -> pl.Expr:
            return pl.all_horizontal(NOT_MACHINE, *flags).sum().cast(pl.Int64)

        counted = there.group_by(KEY).agg(
            count(pl.lit(True)).alias("member_cnt"),
            count("own").alias("own_member_cnt"),
            count("is_verified").alias("verified_member_cnt"),
            count("own", "is_verified").alias("own_verified_member_cnt"),
            count("own", "is_unified_payment").alias("unified_payment_member_cnt"),
            count("own", "joined_now").alias("joined_member_cnt"),
        )
        ported = listed.group_by(KEY).agg(
            count("own", "left_now", pl.col("left_reason") == "changed_network").alias(
                "left_network_member_cnt"
            )
        )
        bills = (
            there.filter("own")
            .unique([*KEY, "subscriber_id"])
            .join(self.feeds["boss.subscriber_bill"], on=["stat_month", "subscriber_id"])
            .group_by(KEY)
            .agg(pl.col("billed_amt").sum().alias("member_bill_amt"))
        )
        return counted.join(ported, on=KEY, how="full", coalesce=True).join(
            bills, on=KEY, how="full", coalesce=True
        )

    # ---- products and contracts -----------------------------------------------------------
    @cached_property
    def in_force(self) -> pl.DataFrame:
        """Contracts in force at month end, with what leaving would still cost (R037)."""
        contracts = self.feeds["crm.group_contract"].filter(
            (pl.col("contract_status") == "active")
            & pl.col("terminated_on").is_null()
            & (pl.col("starts_on") <= MONTH_END)
            & (pl.col("ends_on") >= MONTH_END)
        )
        term = (pl.col("ends_on") - pl.col("starts_on")).dt.total_days() + 1
        left = (pl.col("ends_on") - MONTH_END).dt.total_days()
        return contracts.with_columns(
            left.alias("left_days"),
            # to the cent, as penalties are agreed; half a cent counts up
            ((pl.col("penalty_amt") * left * 2 + term) // (term * 2)).alias("penalty_left"),
        )

    @cached_property
    def kinds(self) -> pl.DataFrame:
        """Kind of business and flags of each product in each month."""
        families = self.codes("product_family", "product_family", "business_kind")
        general = self.feeds["boss.product"].join(families, on="product_family")
        own = self.feeds["crm.group_product"].select(
            "stat_month", "product_id", "business_kind", "is_ict", "is_new_business"
        )
        others = general.join(own, on=["stat_month", "product_id"], how="anti").select(
            "stat_month", "product_id", "business_kind", pl.lit(False).alias("is_ict"),
            "is_new_business",
        )  # fmt: skip
        return pl.concat([own, others])

    @cached_property
    def bindings(self) -> pl.DataFrame:
        """Breadth and depth of what a customer uses, and its contracts (R036, R037)."""
        used = (
            self.feeds["crm.product_instance"]
            .filter(
                (pl.col("started_on") <= MONTH_END)
                & (pl.col("ended_on").is_null() | (pl.col("ended_on") > MONTH_END))
            )
            .join(self.kinds, on=["stat_month", "product_id"], how="left")
            .group_by(KEY)
            .agg(
                pl.col("product_id").n_unique().cast(pl.Int64).alias("product_cnt"),
                pl.col("business_kind").drop_nulls().n_unique().cast(pl.Int64)
                .alias("business_kind_cnt"),
                *(
                    pl.col("product_id").filter(pl.col("business_kind") == kind).n_unique()
                    .cast(pl.Int64).alias(f"{kind}_product_cnt")
                    for kind in KINDS
                ),
                pl.col("line_cnt").sum(),
                pl.col("integration_level").max().alias("integration_level_max"),
            )
        )  # fmt: skip
        contracts = self.in_force.group_by(KEY).agg(
            pl.len().cast(pl.Int64).alias("contract_cnt"),
            pl.col("bound_line_cnt").sum(),
            pl.col("left_days").max().alias("contract_left_days_max"),
            pl.col("penalty_left").sum().alias("exit_cost_amt"),
            pl.col("ends_on").filter(~pl.col("is_auto_renewal")).min().alias("contract_ends_on"),
        )
        return used.join(contracts, on=KEY, how="full", coalesce=True)

    # ---- people ---------------------------------------------------------------------------
    @cached_property
    def people(self) -> pl.DataFrame:
        """Key persons in their role and liaisons appointed on the last day (R050, R053)."""

        def open_on_last_day(start: str, last: str) -> pl.Expr:
            return (pl.col(start) <= MONTH_END) & (
                pl.col(last).is_null() | (pl.col(last) >= MONTH_END)
            )

        persons = (
            self.feeds["crm.key_person"]
            .filter(pl.col("is_current") & open_on_last_day("valid_from_on", "valid_to_on"))
            .group_by(KEY)
            .agg(
                pl.len().cast(pl.Int64).alias("key_person_cnt"),
                pl.col("person_type").n_unique().cast(pl.Int64).alias("key_person_type_cnt"),
            )
        )
        liaisons = (
            self.feeds["crm.liaison"]
            .filter(open_on_last_day("appointed_on", "ended_on"))
            .group_by(KEY)
            .agg(pl.len().cast(pl.Int64).alias("liaison_cnt"))
        )
        changes = self.unfollowed.group_by(KEY).agg(
            pl.len().cast(pl.Int64).alias("unfollowed_change_cnt")
        )
        return persons.join(liaisons, on=KEY, how="full", coalesce=True).join(
            changes, on=KEY, how="full", coalesce=True
        )

    @cached_property
    def relation(self) -> pl.DataFrame:
        """What was done in the month: visits, benefits, leads, trials (R046, R052-R054)."""

        def here(moment: str) -> pl.Expr:
            return pl.col(moment).dt.date().dt.truncate("1mo") == pl.col("stat_month")

        types = self.feeds["crm.key_person"].select("stat_month", "key_person_id", "person_type")
        met = (
            self.feeds["crm.visit"]
            .filter((pl.col("state") == "done") & here("checked_in_at"))
            .join(types, on=["stat_month", "key_person_id"], how="left")
        )
        visits = met.group_by(KEY).agg(
            rows_where(pl.col("visit_type") == "visit").alias("visit_cnt"),
            rows_where(pl.col("visit_type") != "visit").alias("event_cnt"),
            rows_where(pl.col("person_type") == "decision_maker").alias("decision_maker_visit_cnt"),
        )
        over = pl.col("granted_amt") > pl.col("authority_limit_amt")
        benefits = (
            self.feeds["crm.benefit_grant"]
            .filter(pl.col("beneficiary_type") == "key_person")
            .group_by(KEY)
            .agg(
                pl.col("granted_amt").sum().alias("person_benefit_amt"),
                rows_where(over.fill_null(False) | pl.col("approved_by").is_null())
                .alias("benefit_exception_cnt"),
            )
        )  # fmt: skip
        liaisons = (
            self.feeds["crm.liaison"]
            .group_by(KEY)
            .agg(
                pl.col("lead_cnt", "converted_lead_cnt").sum(),
                pl.col("reward_amt").sum().alias("liaison_reward_amt"),
            )
        )
        trials = self.feeds["crm.product_trial"].filter(here("ended_on")).group_by(KEY).agg(
            pl.len().cast(pl.Int64).alias("trial_ended_cnt"),
            rows_where(pl.col("result") == "converted").alias("trial_converted_cnt"),
        )  # fmt: skip
        done = visits
        for part in (benefits, liaisons, trials):
            done = done.join(part, on=KEY, how="full", coalesce=True)
        return done

    @cached_property
    def alliances(self) -> pl.DataFrame:
        """What the ledger says runs with each customer, and what was invested in all (R045)."""
        running = pl.col("project_stage") == "running"
        late = running & (pl.col("planned_end_on") < MONTH_END)
        return self.feeds["crm.alliance_project"].group_by(KEY).agg(
            rows_where(running).alias("alliance_project_cnt"),
            rows_where(late).alias("alliance_overdue_cnt"),
            pl.col("own_amt").filter(running).sum().alias("alliance_own_amt"),
            pl.col("partner_amt").filter(running).sum().alias("alliance_partner_amt"),
            (pl.col("own_amt") + pl.col("partner_amt")).sum().alias("joint_investment_amt"),
        )  # fmt: skip

    @cached_property
    def unfollowed(self) -> pl.DataFrame:
        """Changes of key persons that nobody followed up by the end of the month (R051)."""
        events = self.feeds["crm.key_person_event"].with_columns(pl.col("event_at").dt.date())
        changes = events.filter(pl.col("replaces_person_id").is_not_null())
        follow_ups = events.filter(pl.col("work_step") == "follow_up").select(
            "key_person_id", pl.col("event_at").alias("followed_on")
        )
        active = self.profiles.filter("is_active").select(KEY)
        watched = self.parameter("key_person_watch_months").with_columns(MONTH_END.alias("end"))
        seen = changes.rename({"stat_month": "changed_in"}).join(watched, how="cross").filter(
            (pl.col("changed_in") <= pl.col("stat_month"))
            & (months_between("changed_in", "stat_month") < pl.col("key_person_watch_months"))
        )  # fmt: skip
        followed = seen.join(follow_ups, on="key_person_id").filter(
            pl.col("followed_on").is_between("event_at", "end")
        )
        return seen.join(followed, on=[*KEY, "event_id"], how="anti").join(active, on=KEY)


def rows_where(condition: pl.Expr) -> pl.Expr:
    """How many rows of a group there are of which it holds."""
    return condition.fill_null(False).sum().cast(pl.Int64)


def months_between(earlier: str, later: str) -> pl.Expr:
    """Whole months from the month of one date to that of another."""
    first, last = pl.col(earlier), pl.col(later)
    years = (last.dt.year() - first.dt.year()).cast(pl.Int64)
    return years * 12 + last.dt.month().cast(pl.Int64) - first.dt.month().cast(pl.Int64)
