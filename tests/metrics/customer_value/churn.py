"""Churn score of group customers, again from the definitions: points of what shows, exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from functools import cached_property
from statistics import median

import polars as pl

from tests.metrics.customer_value.falls import rounded
from tests.metrics.customer_value.groups import KEY
from tests.metrics.customer_value.loyalty import Loyalty
from tests.metrics.customer_value.scores import Row
from tests.metrics.rule_tables import add_months

#: what was measured of each customer in a month
Values = dict[str, Fraction]
BAD_ENDS = ("to_competitor", "unsatisfied")


class Churn(Loyalty):
    """Score, risk and driver of ``mart_customer_value__group_month`` (R096)."""

    @cached_property
    def churn(self) -> pl.DataFrame:
        """The columns about churn of each active customer."""
        rows = []
        for month in self.months:
            [model] = self.valid("churn_model", month)
            factors = self.valid("churn_model_factor", month)
            levels = sorted(
                (Fraction(r["min_score"]), r["risk_level"])
                for r in self.valid("churn_model_level", month)
            )
            measured = {
                factor["factor"]: self._churn_values(factor["factor"], month, factor)
                for factor in factors
            }
            for group in self.depths[month]:
                points = {
                    factor["factor"]: points_of(factor, measured[factor["factor"]].get(group))
                    for factor in factors
                }
                score = min(Fraction(100), sum(points.values(), Fraction(0)))
                most, driver = min((-p, name) for name, p in points.items())
                row: Row = {"stat_month": month, "group_id": group}
                row |= {"churn_score": float(score)}
                row |= {"churn_risk": [name for least, name in levels if score >= least][-1]}
                row |= {"churn_driver": driver if most else None}
                row |= {"churn_driver_points": float(-most) if most else None}
                rows.append(row | {"churn_model_version": int(model["version"])})
        named = pl.DataFrame(rows, infer_schema_length=None)
        return self._named(named, churn_risk="churn_risk", churn_driver="churn_factor")

    def _churn_values(self, factor: str, month: date, rule: dict[str, str]) -> Values:
        """What a factor measures, of the customers of whom it is known."""
        first = add_months(month, 1 - int(rule["window_months"]))
        of_window = {
            "products_given_up": self._given_up,
            "members_lost": self._members_lost,
            "complaints": self._complained,
        }
        if factor in of_window:
            return of_window[factor](first, month)
        if factor == "usage_fall":
            return self._fallen(month)
        if factor == "key_person_change":
            changes = self.unfollowed.filter(pl.col("stat_month") == month)
            return counted(changes.unique(["group_id", "key_person_id"]))
        if factor == "loose_binding":
            return {g: Fraction(r["binding_points"]) for g, r in self.depths[month].items()}
        return dict(self._of_parts(factor, month))

    def _of_parts(self, factor: str, month: date) -> Iterator[tuple[str, Fraction]]:
        now = self.parts.filter(pl.col("stat_month") == month).join(
            self.held.select(*KEY, "competitor_spend_amt"), on=KEY, how="left", suffix="_held"
        )
        for row in now.iter_rows(named=True):
            if factor == "arrears":
                yield row["group_id"], Fraction(row["overdue_days_max"] or 0)
            elif factor == "contract_ending":
                yield row["group_id"], Fraction(row["contract_left_days_max"] or 0)
            else:
                assert factor == "competitor_share", factor
                theirs = row["competitor_spend_amt"] or 0
                spends = theirs + max(row["revenue_amt"] or 0, 0)
                if spends:
                    yield row["group_id"], rounded(Fraction(theirs, spends), 8)

    def _fallen(self, month: date) -> Values:
        changes = self._changes(month)
        if not changes:
            return {}
        others = rounded(Fraction(median(change for change, _ in changes.values())), 10)
        return {g: rounded(1 - change / others, 8) for g, (change, _) in changes.items()}

    def _given_up(self, first: date, month: date) -> Values:
        following = add_months(month, 1)
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        now = self.feeds["crm.product_instance"].filter(pl.col("stat_month") == month)
        for group, started, ended, reason in now.select(
            "group_id", "started_on", "ended_on", "end_reason"
        ).iter_rows():
            counts[group][0] += bool(ended) and first <= ended < following and reason in BAD_ENDS
            counts[group][1] += started < following and (ended is None or ended >= following)
        return {
            group: rounded(Fraction(lost, lost + kept), 8)
            for group, (lost, kept) in counts.items()
            if lost + kept
        }

    def _members_lost(self, first: date, month: date) -> Values:
        window = self.parts.filter(pl.col("stat_month").is_between(first, month))
        lost = dict(
            window.group_by("group_id").agg(pl.col("left_network_member_cnt").sum()).iter_rows()
        )
        now = self.parts.filter(pl.col("stat_month") == month)
        kept = now.select("group_id", pl.col("own_member_cnt").fill_null(0)).iter_rows()
        return {
            group: rounded(Fraction(lost[group], lost[group] + stay), 8)
            for group, stay in kept
            if lost.get(group)
        }

    def _complained(self, first: date, month: date) -> Values:
        received = self.feeds["eoms.complaint"].filter(
            pl.col("stat_month").is_between(first, month)
            & (pl.col("complainant_type") == "group")
            & (pl.col("received_at").dt.date().dt.truncate("1mo") == pl.col("stat_month"))
        )
        return counted(received)

    @cached_property
    def group_month(self) -> pl.DataFrame:
        """All columns of the mart."""
        return super().group_month.join(self.churn, on=KEY, how="left")


def counted(rows: pl.DataFrame) -> Values:
    """Rows of each customer."""
    return {g: Fraction(count) for g, count in rows.group_by("group_id").len().iter_rows()}


def points_of(rule: dict[str, str], value: Fraction | None) -> Fraction:
    """In proportion between the ends of a factor; nothing for what is not known."""
    if value is None:
        return Fraction(0)
    floor, full = Fraction(rule["floor_value"]), Fraction(rule["full_value"])
    share = min(Fraction(1), max(Fraction(0), (value - floor) / (full - floor)))
    return rounded(Fraction(rule["max_points"]) * share, 8)
