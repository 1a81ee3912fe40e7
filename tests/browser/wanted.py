"""What the dashboards should show, asked of PostgreSQL as the person, in SQL written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import psycopg
from psycopg.rows import dict_row

from orchestration.settings import Settings

_TILES_COHORT = """
    select sum(retained_cnt) * 100.0 / nullif(sum(base_cnt), 0) as customer_retention_rate,
        sum(retained_revenue_amt) * 100.0 / nullif(sum(base_revenue_amt), 0)
            as revenue_retention_rate
    from retention.mart_retention__cohort_month
    where stat_month = %(month)s and cohort_name = %(cohort)s
        and (%(city)s::text is null or city_name = %(city)s)
        and (%(county)s::text is null or county_name = %(county)s)
"""
_TILES_CUSTOMERS = """
    select sum(subscriber_cnt) as mid_high_cnt, sum(watch_cnt) as watch_cnt,
        sum(off_net_cnt) * 100.0 / nullif(sum(opening_cnt), 0) as churn_rate,
        sum(hard_bound_cnt) * 100.0 / nullif(sum(subscriber_cnt), 0) as hard_bound_rate,
        sum(billed_amt) / nullif(sum(subscriber_cnt), 0) as arpu
    from retention.mart_retention__segment_month
    where is_mid_high and stat_month = %(month)s
        and (%(city)s::text is null or city_name = %(city)s)
        and (%(county)s::text is null or county_name = %(county)s)
"""
_LISTS = """
    select (select count(*) from retention.mart_retention__warning
            where stat_month = %(month)s) as warning_list,
        (select count(*) from retention.mart_retention__subscriber_month
            where stat_month = %(month)s and watch_group <> 'none') as watch_list
"""


_VALUE_TILES = """
    select sum(revenue_amt) as group_revenue_amt,
        sum(new_business_amt) * 100.0 / nullif(sum(revenue_amt), 0) as group_new_business_share,
        sum(output_amt) * 100.0 / nullif(sum(input_amt), 0) as group_output_input_ratio,
        sum(overdue_amt) * 100.0 / nullif(sum(outstanding_amt), 0) as group_arrears_rate,
        count(*) filter (where is_active and competitor_tie_cnt > 0) * 100.0
            / nullif(count(*) filter (where is_active), 0) as competitor_bound_rate
    from customer_value.mart_customer_value__group_month where stat_month = %(month)s
"""
_GRADE_TILES = """
    select sum(revenue_amt) filter (where is_graded and layer = 'high') * 100.0
            / nullif(sum(revenue_amt) filter (where is_graded), 0) as high_grade_revenue_share,
        count(*) filter (where transition = 'down') * 100.0
            / nullif(count(*) filter (where transition in ('up', 'down', 'same')), 0)
            as grade_down_rate
    from customer_value.mart_customer_value__grade_month
    where stat_month = %(month)s and model = 'two_axis'
"""
_VALUE_LISTS = """
    select (select count(*) from customer_value.mart_customer_value__warning
            where stat_month = %(month)s) as value_warnings,
        (select count(*) from customer_value.mart_customer_value__group_month
            where stat_month = %(month)s and is_active) as value_customers
"""
_PEOPLE_TILES = """
    select sum(subscriber_cnt) as people_cnt,
        sum(billed_amt) / nullif(sum(subscriber_cnt), 0) as people_arpu,
        sum(billed_amt) filter (where customer_type = 'group_member')
            / nullif(sum(subscriber_cnt) filter (where customer_type = 'group_member'), 0)
            as member_arpu,
        sum(billed_amt) filter (where customer_type = 'individual')
            / nullif(sum(subscriber_cnt) filter (where customer_type = 'individual'), 0)
            as individual_arpu,
        sum(subscriber_cnt) filter (where value_band = 'high_value') * 100.0
            / nullif(sum(subscriber_cnt), 0) as people_high_value_share,
        sum(subscriber_cnt) filter (where brand_fit not in ('fits', 'unknown')) * 100.0
            / nullif(sum(subscriber_cnt) filter (where brand_fit <> 'unknown'), 0)
            as brand_mismatch_rate
    from individual_value.mart_individual_value__segment_month where stat_month = %(month)s
"""
_PEOPLE_LISTS = """
    select count(*) as vip_list, count(*) filter (where is_birthday_due) as vip_birthdays
    from individual_value.mart_individual_value__vip_month where stat_month = %(month)s
"""


@dataclass(frozen=True)
class Wanted:
    """Answers of the warehouse for one person about one mart."""

    settings: Settings
    person: str
    mart = "retention"
    #: the chart that says how far the data reach
    header = "data_state"

    def ask(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of a query, as this person."""
        url = self.settings.database_url(user=self.person)
        with psycopg.connect(url, row_factory=dict_row) as link:
            return link.execute(query, values or None).fetchall()  # type: ignore[call-overload]

    def state(self) -> dict[str, Any]:
        (row,) = self.ask(
            "select *, to_char(cut_off_at, 'YYYY-MM-DD HH24:MI') as cut_off"
            " from status.data_state where mart = %(mart)s",
            mart=self.mart,
        )
        return row

    def month(self) -> date:
        """The latest published month."""
        found: date = self.state()["stat_month"]
        return found

    def cohort(self, month: date) -> str | None:
        """The cohort shown first: the oldest that is tracked in the month."""
        (row,) = self.ask(
            "select min(cohort_name) as name from retention.mart_retention__cohort_month"
            " where stat_month = %(month)s",
            month=month,
        )
        name: str | None = row["name"]
        return name

    def tiles(
        self, month: date, city: str | None = None, county: str | None = None
    ) -> dict[str, dict[str, float | None]]:
        """Numbers of both rows of tiles: shares in percent."""
        place = {"month": month, "city": city, "county": county}
        (cohort,) = self.ask(_TILES_COHORT, cohort=self.cohort(month), **place)
        (customers,) = self.ask(_TILES_CUSTOMERS, **place)
        return {
            kind: {name: None if v is None else float(v) for name, v in row.items()}
            for kind, row in (("tiles_cohort", cohort), ("tiles_customers", customers))
        }

    def lists(self, month: date) -> dict[str, int]:
        """How many rows each list holds."""
        (row,) = self.ask(_LISTS, month=month)
        return dict(row)

    def chosen(self, table: str, month: date) -> list[str]:
        """What a filter that always has a value lets through of a table, as conditions."""
        return [f"cohort_name = '{self.cohort(month)}'"] if table.endswith("cohort_month") else []

    def by_unit(self, level: str, month: date) -> list[dict[str, Any]]:
        """Retention by unit, the lowest first."""
        return self.ask(
            f"select {level}_name as name,"  # a level, not input
            " sum(retained_cnt) * 100.0 / nullif(sum(base_cnt), 0) as customers,"
            " sum(retained_revenue_amt) * 100.0 / nullif(sum(base_revenue_amt), 0) as revenue"
            " from retention.mart_retention__cohort_month"
            " where stat_month = %(month)s and cohort_name = %(cohort)s group by 1 order by 2",
            month=month,
            cohort=self.cohort(month),
        )


@dataclass(frozen=True)
class WantedOfGroups(Wanted):
    """The same about group customers."""

    mart = "customer_value"
    header = "value_state"

    def tiles(
        self, month: date, city: str | None = None, county: str | None = None
    ) -> dict[str, dict[str, float | None]]:
        """Numbers of both rows of tiles: shares in percent, the two-axis model."""
        assert city is county is None, "nobody asks for a part yet"
        (groups,) = self.ask(_VALUE_TILES, month=month)
        (grades,) = self.ask(_GRADE_TILES, month=month)
        return {
            kind: {name: None if v is None else float(v) for name, v in row.items()}
            for kind, row in (("value_tiles", groups), ("value_tiles_grade", grades))
        }

    def lists(self, month: date) -> dict[str, int]:
        (row,) = self.ask(_VALUE_LISTS, month=month)
        return dict(row)

    def chosen(self, table: str, month: date) -> list[str]:
        if table.endswith("grade_month"):
            return ["model = 'two_axis'"]
        if table.endswith("model_pair"):
            return ["model = 'two_axis'", "other_model = 'two_axis_2'"]
        return []


@dataclass(frozen=True)
class WantedOfPeople(Wanted):
    """The same about individual customers."""

    mart = "individual_value"
    header = "people_state"
    #: the numbers of each row of tiles
    rows_of_tiles: ClassVar[dict[str, tuple[str, ...]]] = {
        "people_tiles": ("people_cnt", "people_arpu", "member_arpu", "individual_arpu"),
        "people_tiles_brand": ("people_high_value_share", "brand_mismatch_rate"),
    }

    def tiles(
        self, month: date, city: str | None = None, county: str | None = None
    ) -> dict[str, dict[str, float | None]]:
        """Numbers of both rows of tiles: shares in percent."""
        assert city is county is None, "nobody asks for a part yet"
        (row,) = self.ask(_PEOPLE_TILES, month=month)
        return {
            kind: {name: None if row[name] is None else float(row[name]) for name in names}
            for kind, names in self.rows_of_tiles.items()
        }

    def lists(self, month: date) -> dict[str, int]:
        (row,) = self.ask(_PEOPLE_LISTS, month=month)
        return dict(row)

    def chosen(self, table: str, month: date) -> list[str]:
        return []
