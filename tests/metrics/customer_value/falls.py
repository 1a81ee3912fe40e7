"""Falls of a customer's own usage revenue and why, again from the files (R020, decision 58)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property
from statistics import median

import polars as pl

from tests.metrics.customer_value.grades import Grade
from tests.metrics.customer_value.groups import KEY
from tests.metrics.customer_value.scores import Row
from tests.metrics.rule_tables import add_months

#: of how many months reports of competitors are compared
REACH = 12
LEFT = {"left_to_competitor": "to_competitor", "left_unsatisfied": "unsatisfied"}
#: months of a customer by its number
Months = dict[date, dict[str, int]]


class Falls(Grade):
    """Which customers fell in a month, by how much more than the others, and what shows why."""

    @cached_property
    def usage(self) -> Months:
        """Revenue of voice, data, messages and services that does not recur, in hundredths."""
        types = self.codes("bill_item_type", "item_type", "is_usage")
        used = (
            self.items.join(types, on="item_type")
            .filter((pl.col("is_usage") == "true") & ~pl.col("is_recurring"))
            .group_by(KEY)
            .agg(pl.col("net_amt").sum())
        )
        found: Months = {month: {} for month in self.months}
        for month, group, amount in used.iter_rows():
            found[month][group] = amount
        return found

    def falls(self) -> Iterator[Row]:
        """Each fall that is a warning of its own."""
        for month in self.months:
            changes = self._changes(month)
            if not changes:
                continue
            others = rounded(Fraction(median(change for change, _ in changes.values())), 10)
            evidence = self._evidence(month, {g: base for g, (_, base) in changes.items()})
            for group, (change, base) in changes.items():
                share = 1 - change / others
                rule = self._explanation(month, share, evidence.get(group, {}))
                if rule and rule["is_warned"] == "true":
                    yield {
                        "stat_month": month,
                        "group_id": group,
                        "subject_id": rule["evidence"],
                        "driver_factor": rule["driver"],
                        "measure_value": float(100 * rounded(share, 8)),
                        "floor": float(rounded(base / 100, 2)),
                        "fall_amt": int(rounded(share * base * others, 0)),
                    }

    def _changes(self, month: date) -> dict[str, tuple[Fraction, Fraction]]:
        """Usage of the month to the mean of those before, and that mean, of who had it in each."""
        count = int(float(self.parameters("customer_value_rule", month)["fall_base_months"]))
        before = [self.usage.get(add_months(month, -back), {}) for back in range(1, count + 1)]
        active = self.parts.filter(pl.col("is_active") & (pl.col("stat_month") == month))
        found = {}
        for group in active["group_id"]:
            amounts = [amount[group] for amount in before if amount.get(group, 0) > 0]
            if len(amounts) == count:
                base = Fraction(sum(amounts), count)
                change = rounded(self.usage[month].get(group, 0) / base, 10)
                found[group] = (change, base)
        return found

    def _explanation(
        self, month: date, share: Fraction, evidence: dict[str, Fraction]
    ) -> dict[str, str] | None:
        """The first rule whose evidence is there and whose smallest fall is reached."""
        rules = self.valid("value_fall_driver_rule", month)
        for rule in sorted(rules, key=lambda r: int(r["precedence"])):
            if share < Fraction(rule["min_fall_share"]):
                continue
            if rule["evidence"] == "none":
                return rule
            value = evidence.get(rule["evidence"])
            if value is not None and value >= Fraction(rule["threshold_value"]):
                return rule
        return None

    def _evidence(self, month: date, bases: dict[str, Fraction]) -> dict[str, dict[str, Fraction]]:
        """What is known of each customer by kind of evidence."""
        since = {
            rule["evidence"]: add_months(month, 1 - int(rule["window_months"]))
            for rule in self.valid("value_fall_driver_rule", month)
        }
        found: dict[str, dict[str, Fraction]] = {group: {} for group in bases}

        def note(kind: str, rows: pl.DataFrame) -> None:
            for group, count in rows.group_by("group_id").len().iter_rows():
                if group in found:
                    found[group][kind] = Fraction(count)

        now = self.parts.filter(pl.col("stat_month") == month)
        for group, owed, days, staff in now.select(
            "group_id", "overdue_amt", "overdue_days_max", "employees_cnt"
        ).iter_rows():
            if group in found and owed >= bases[group]:
                found[group]["overdue"] = Fraction(days)
            most = self._most_employees(since["employees_fall"], month).get(group, 0)
            if group in found and most:
                found[group]["employees_fall"] = rounded(1 - Fraction(staff, most), 4)
        instances = self.feeds["crm.product_instance"].filter(pl.col("stat_month") == month)
        last = add_months(month, 1)
        for kind, reason in LEFT.items():
            ended = (pl.col("ended_on") >= since[kind]) & (pl.col("ended_on") < last)
            note(kind, instances.filter((pl.col("end_reason") == reason) & ended))
        deciders = self.feeds["crm.key_person"].filter(
            (pl.col("stat_month") == month) & (pl.col("person_type") == "decision_maker")
        )
        changed = self.unfollowed.filter(
            (pl.col("stat_month") == month) & (pl.col("event_at") >= since["decision_maker_left"])
        ).unique("key_person_id")
        note("decision_maker_left", changed.join(deciders, on="key_person_id", how="semi"))
        complaints = self.feeds["eoms.complaint"].filter(
            pl.col("stat_month").is_between(since["complaints"], month)
            & (pl.col("complainant_type") == "group")
            & (pl.col("received_at").dt.date().dt.truncate("1mo") == pl.col("stat_month"))
            & pl.col("complaint_kind").is_in(["network", "service"])
        )
        note("complaints", complaints)
        for group, share in self._more_lines(month, since["competitor_lines"]).items():
            if group in found:
                found[group]["competitor_lines"] = share
        return found

    def _most_employees(self, first: date, month: date) -> dict[str, int]:
        """Employees of each customer at most, from a month on up to the one before."""
        key = (first, month)
        if key not in self._employees:
            before = self.parts.filter(pl.col("stat_month").is_between(first, month, "left"))
            most = before.group_by("group_id").agg(pl.col("employees_cnt").max())
            self._employees[key] = dict(most.iter_rows())
        return self._employees[key]

    @cached_property
    def _employees(self) -> dict[tuple[date, date], dict[str, int]]:
        return {}

    def _more_lines(self, month: date, recent: date) -> dict[str, Fraction]:
        """By which share the latest report says more lines than the latest before ``recent``, of
        those competitors that are in both."""
        reports = self.feeds["competitor.intelligence"].filter(
            pl.col("stat_month").is_between(add_months(month, 1 - REACH), month)
            & (pl.col("business_kind") == "communication")
        )
        latest = (
            reports.with_columns((pl.col("stat_month") >= recent).alias("is_recent"))
            .sort("collected_on", "intelligence_id")
            .group_by("group_id", "competitor", "is_recent")
            .last()
            .select("group_id", "competitor", "is_recent", "line_cnt")
        )
        new = latest.filter("is_recent").drop("is_recent")
        old = latest.filter(~pl.col("is_recent")).drop("is_recent")
        lines = (
            new.join(old, on=["group_id", "competitor"], suffix="_before")
            .drop_nulls()
            .group_by("group_id")
            .agg(pl.col("line_cnt", "line_cnt_before").sum())
            .filter(pl.col("line_cnt_before") > 0)
        )
        return {g: rounded(Fraction(now, then) - 1, 4) for g, now, then in lines.iter_rows()}


def rounded(number: Fraction, places: int) -> Fraction:
    """To so many decimal places, a half away from zero, as PostgreSQL does."""
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return Fraction(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
