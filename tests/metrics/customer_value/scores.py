"""Scores of group customers under each value model, worked out with fractions: ties are exact."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from tests.metrics.customer_value.groups import KEY
from tests.metrics.customer_value.value import Value
from tests.metrics.rule_tables import add_months

#: rated_<factor of crm.group_rating>
RATED = "rated_"
#: what a component adds up over its window, and what that is divided by ("": the months)
RATIOS = {
    "revenue": ("revenue_amt", ""),
    "new_business_revenue": ("new_business_amt", ""),
    "output_input_ratio": ("output_amt", "input_amt"),
    "paid_on_time_rate": ("paid_on_time_amt", "paid_amt"),
    "overdue_months": ("overdue_amt", "revenue_amt"),
    "own_brand_share": ("own_member_cnt", "member_cnt"),
    "unified_payment_share": ("unified_payment_member_cnt", "own_member_cnt"),
    "employees": ("employees_cnt", ""),
    "economic_influence": ("economic_influence", ""),
    "ict_level": ("ict_level", ""),
    "market_position": ("market_position_no", ""),
    "credit_class": ("credit_class_no", ""),
}
Row = dict[str, Any]
#: score of each customer
Scores = dict[str, Fraction]


class Score(Value):
    """Factor scores and points; ``points[month][model][group_id][factor]``."""

    @cached_property
    def by_customer(self) -> dict[str, dict[date, Row]]:
        """The parts of each customer, month by month, with the places of its codes."""
        rows = self.parts
        for name in ("market_position", "credit_class"):
            order = self._order(name)
            place = pl.col(name).replace_strict(order, default=None).alias(f"{name}_no")
            rows = rows.with_columns(place)
        found: dict[str, dict[date, Row]] = defaultdict(dict)
        for row in rows.iter_rows(named=True):
            found[row["group_id"]][row["stat_month"]] = row
        return found

    def _order(self, code_set: str) -> dict[str, int]:
        """Place of each code in its set."""
        codes = self.codes("code_name", "code_set", "code", "sort_no")
        chosen = codes.filter(pl.col("code_set") == code_set)
        return dict(zip(chosen["code"], map(int, chosen["sort_no"]), strict=True))

    @cached_property
    def ratings(self) -> dict[tuple[str, str], list[tuple[date, int]]]:
        """Month and score of each rating, by customer and factor."""
        found = defaultdict(list)
        rated = self.feeds["crm.group_rating"].select(*KEY, "factor", "score")
        for month, group, factor, score in rated.iter_rows():
            found[group, factor].append((month, score))
        return found

    def measured(self, group: str, component: str, months: list[date]) -> Fraction | None:
        """A component of a customer over a window; None where nothing is known of it."""
        if component.startswith(RATED):
            given = self.ratings.get((group, component.removeprefix(RATED)), [])
            scores = [score for month, score in given if month in months]
            return Fraction(sum(scores), len(scores)) if scores else None
        top, bottom = RATIOS[component]
        history = self.by_customer[group]
        rows = [history[month] for month in months if month in history]
        known = [r for r in rows if r[top] is not None]
        below = sum(r[bottom] for r in known) if bottom else len(known)
        return Fraction(sum(r[top] for r in known), below) if below > 0 else None

    def _component(self, rule: dict[str, str], month: date, peers: Iterable[str]) -> Scores:
        """Scores of 0 to 100 in one component, of those of whom it is known."""
        window = [add_months(month, -back) for back in range(int(rule["window_months"]))]
        found = {g: self.measured(g, rule["component"], window) for g in peers}
        known = {g: value for g, value in found.items() if value is not None}
        if rule["scale"] == "percentile":
            ordered = sorted(known.values())
            others = len(ordered) - 1
            if not others:
                return {}
            return {g: Fraction(100 * bisect_left(ordered, v), others) for g, v in known.items()}
        floor, cap = Fraction(rule["floor_value"]), Fraction(rule["cap_value"])
        return {
            g: min(Fraction(1), max(Fraction(0), (v - floor) / (cap - floor))) * 100
            for g, v in known.items()
        }

    def _factor(self, model: str, factor: str, month: date, peers: list[str]) -> Scores:
        """Scores of a factor: its components weighed, those not known left out."""
        rules = [
            r
            for r in self.valid("value_model_component", month)
            if (r["model"], r["factor"]) == (model, factor)
        ]
        parts = [(Fraction(r["weight"]), self._component(r, month, peers)) for r in rules]
        return weighed(parts, peers)

    @cached_property
    def models(self) -> dict[date, list[dict[str, str]]]:
        """The models that hold and are switched on, by month."""
        return {
            month: [r for r in self.valid("value_model", month) if r["is_enabled"] == "true"]
            for month in self.months
        }

    def peer_groups(self, rule: dict[str, str], month: date) -> dict[str, list[str]]:
        """Active customers by what makes the peer group of a model."""
        place = {"province": "province_id"}[rule["peer_group"]]
        active = self.parts.filter(pl.col("is_active") & (pl.col("stat_month") == month))
        pairs = sorted(active.select(place, "group_id").iter_rows())
        return {p: [g for _, g in some] for p, some in groupby(pairs, key=itemgetter(0))}

    @cached_property
    def factors(self) -> dict[tuple[date, str], dict[str, Scores]]:
        """Scores by month and model, factor and customer."""
        found: dict[tuple[date, str], dict[str, Scores]] = {}
        for month, models in self.models.items():
            for rule in models:
                factors: dict[str, Scores] = {name: {} for name in self.weights(rule, month)}
                for peers in self.peer_groups(rule, month).values():
                    for name, scores in factors.items():
                        scores.update(self._factor(rule["model"], name, month, peers))
                found[month, rule["model"]] = factors
        return found

    def weights(self, rule: dict[str, str], month: date) -> dict[str, Fraction]:
        """Weight of each factor of a model."""
        return {
            r["factor"]: Fraction(r["weight"])
            for r in self.valid("value_model_weight", month)
            if r["model"] == rule["model"]
        }

    def points(self, rule: dict[str, str], month: date, group: str) -> dict[str, Fraction]:
        """What each factor contributes; factors without a score pass their weight on."""
        scores = {
            name: of[group]
            for name, of in self.factors[month, rule["model"]].items()
            if group in of
        }
        weights = self.weights(rule, month)
        known = sum(weights[name] for name in scores)
        return {name: weights[name] * score / known for name, score in scores.items()}


def weighed(parts: list[tuple[Fraction, Scores]], peers: Iterable[str]) -> Scores:
    """Average of scores by weight; who lacks one has the weight of the others."""
    found = {}
    for group in peers:
        own = [(weight, scores[group]) for weight, scores in parts if group in scores]
        if own:
            found[group] = sum(w * s for w, s in own) / sum(w for w, _ in own)
    return found
