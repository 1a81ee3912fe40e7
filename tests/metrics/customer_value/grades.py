"""Grades of group customers, what became of them, and every column of the grade mart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

import polars as pl

from tests.metrics.customer_value.groups import KEY, MONTH_END, months_between
from tests.metrics.customer_value.scores import Row, Score
from tests.metrics.rule_tables import add_months

#: every factor of any model has a column in the mart
FACTORS = (
    "revenue", "new_business", "contribution", "social_attribute", "ability_to_pay",
    "employees", "own_brand_share", "ict_level", "unified_payment", "influence",
)  # fmt: skip
#: the axes of the matrix
AXES = ("revenue", "new_business")
#: what moved the grade of one whose own factors did not
PEERS = "peers"


class Grade(Score):
    """``mart_customer_value__grade_month`` and the rest of ``group_month``."""

    # ---- grades of one month --------------------------------------------------------------
    @cached_property
    def graded(self) -> dict[tuple[str, date], dict[str, Row]]:
        """Score, place and grade by model and month, then customer."""
        found: dict[tuple[str, date], dict[str, Row]] = {}
        for month, models in self.models.items():
            for rule in models:
                rows = found[rule["model"], month] = {}
                for name, peers in self.peer_groups(rule, month).items():
                    rows.update(self._grade_peers(rule, month, name, peers))
        return found

    def _grade_peers(
        self, rule: dict[str, str], month: date, name: str, peers: list[str]
    ) -> dict[str, Row]:
        """Grades within one peer group."""
        points = {g: self.points(rule, month, g) for g in peers}
        scores = {g: sum(points[g].values(), Fraction(0)) for g in peers}
        ordered = sorted(scores.values())
        cuts = [
            r
            for r in self.valid("value_model_cutoff", month)
            if (r["model"], r["cut_off_type"]) == (rule["model"], rule["cut_off_type"])
        ]
        cuts.sort(key=lambda r: int(r["grade_rank"]))
        found = {}
        for group, score in scores.items():
            lower = bisect_left(ordered, score)
            better = len(ordered) - bisect_right(ordered, score)
            place = Place(score, lower, better, len(ordered))
            cut, margin = choose(cuts, rule["cut_off_type"], place)
            found[group] = {
                "model_version": int(rule["version"]),
                "method": rule["method"],
                "cut_off_type": rule["cut_off_type"],
                "peer_group_by": rule["peer_group"],
                "peer_group": name,
                "score": score,
                "points": points[group],
                "rank_no": better + 1,
                "peer_cnt": len(ordered),
                "grade_margin": margin,
                "grade": cut["grade"],
                "grade_rank": int(cut["grade_rank"]),
                "layer": cut["layer"],
                "service_tier": cut["service_tier"],
                "is_important_by_model": cut["is_important"] == "true",
            }
        return found

    # ---- what became of them (R018, R020) -------------------------------------------------
    @cached_property
    def changes(self) -> pl.DataFrame:
        """One row per model, month and customer graded in it or in the month before."""
        rows = []
        for (model, month), now in self.graded.items():
            before = self.graded.get((model, add_months(month, -1)))
            for group in {**now, **(before or {})}:
                one, other = now.get(group), (before or {}).get(group)
                placed = month if one else add_months(month, -1)
                row: Row = {"stat_month": month, "model": model, "group_id": group}
                row |= {"placed_in": placed, "is_graded": one is not None}
                row |= self._of_month(month, model, group, one) if one else _common(other)
                row |= compare(one, other, is_first=before is None)
                rows.append(row)
        return pl.DataFrame(rows, infer_schema_length=None)

    def _of_month(self, month: date, model: str, group: str, one: Row) -> Row:
        """The grade, with the score of each factor the model has."""
        factors = self.factors[month, model]
        scores: Row = {
            f"{name}_score": float(factors[name][group])
            for name in FACTORS
            if group in factors.get(name, {})
        }
        rules = self.parameters("customer_value_rule", month)
        ends = {name: Fraction(rules[f"box_{name}_score"]) for name in ("high", "middle")}
        for axis in AXES:
            score = factors.get(axis, {}).get(group)
            if score is not None:
                scores[f"{axis}_band"] = next((b for b, end in ends.items() if score >= end), "low")
        if all(f"{axis}_band" in scores for axis in AXES):
            scores["box"] = "_".join(scores[f"{axis}_band"] for axis in AXES)
        kept = {k: v for k, v in one.items() if k != "points"}
        numbers = {"score": float(one["score"]), "grade_margin": float(one["grade_margin"])}
        return {**kept, **numbers, **scores}

    @cached_property
    def overrides(self) -> pl.DataFrame:
        """The latest override with a reason that still counts (R016)."""
        keep = self.parameter("override_keep_months")
        given = self.feeds["crm.group_rating"].filter(
            pl.col("override_importance").is_not_null() & pl.col("override_reason").is_not_null()
        )
        return (
            given.rename({"stat_month": "given_in"})
            .join(keep, how="cross")
            .filter(
                (pl.col("given_in") <= pl.col("stat_month"))
                & (months_between("given_in", "stat_month") < pl.col("override_keep_months"))
                & (pl.col("rated_on") <= MONTH_END)
            )
            .sort("rated_on", "rating_id")
            .group_by(KEY)
            .last()
            .select(
                *KEY,
                "override_importance",
                "override_reason",
                pl.col("rated_by").alias("overridden_by"),
                pl.col("rated_on").alias("overridden_on"),
            )
        )

    @cached_property
    def grade_month(self) -> pl.DataFrame:
        """The columns of the mart."""
        places = ["province", "city", "county", "area", "account_manager"]
        named = [f"{p}_{part}" for p in places for part in ("id", "name", "name_en")]
        profile = self.parts.select(
            pl.col("stat_month").alias("placed_in"), "group_id", "group_name", *named,
            "industry_section", "size_segment",
        )  # fmt: skip
        reward = pl.sum_horizontal("discount_amt", "subsidy_amt", "granted_amt")
        money = self.parts.select(*KEY, "revenue_amt", "output_amt", reward.alias("reward_amt"))
        graded = pl.col("is_graded")
        importance = pl.col("override_importance")
        return (
            self.changes.join(profile, on=["placed_in", "group_id"])
            .join(money, on=KEY, how="left")
            .join(self.overrides, on=KEY, how="left")
            .with_columns(
                # revenue of one without a grade is no revenue of graded customers
                pl.when(graded)
                .then(pl.col("revenue_amt", "output_amt", "reward_amt"))
                .otherwise(0),
                pl.when(graded).then(pl.col("^overrid.*$")),
            )
            .with_columns(
                pl.when(importance.is_null())
                .then("is_important_by_model")
                .otherwise(importance == "important")
                .alias("is_important")
            )
            .pipe(
                self._named,
                layer="grade_layer",
                transition="grade_transition",
                driver_factor="value_factor",
                revenue_band="axis_band",
                new_business_band="axis_band",
                box="axis_box",
            )
            .join(self._models(), on="model")
            .with_columns(
                pl.coalesce(grade, f"transition_name{suffix}").alias(f"{end}_grade_name{suffix}")
                for end, grade in (("from", "previous_grade"), ("to", "grade"))
                for suffix in ("", "_en")
            )
        )

    @cached_property
    def model_pair(self) -> pl.DataFrame:
        """Each customer under two models; layers compare, grades are letters of one model."""
        rows = self.grade_month.filter("is_graded")
        said = [
            *("model", "model_name", "model_name_en", "model_version", "score", "rank_no"),
            *("peer_cnt", "grade", "layer", "layer_name", "layer_name_en", "is_important"),
        ]
        others = rows.select(*KEY, pl.col(said).name.prefix("other_"))
        order = {"high": 1, "middle": 2, "low": 3}
        better = pl.col("layer").replace_strict(order) - pl.col("other_layer").replace_strict(order)
        share = (pl.col("rank_no") - 1) / pl.col("peer_cnt") - (
            pl.col("other_rank_no") - 1
        ) / pl.col("other_peer_cnt")
        return (
            rows.join(others, on=KEY)
            .filter(pl.col("model") != pl.col("other_model"))
            .with_columns(
                (100 * share).alias("place_change"),
                pl.when(better > 0)
                .then(pl.lit("higher"))
                .when(better < 0)
                .then(pl.lit("lower"))
                .otherwise(pl.lit("same"))
                .alias("verdict"),
            )
            .pipe(self._named, verdict="model_verdict")
        )

    def _named(self, rows: pl.DataFrame, **code_sets: str | tuple[str, ...]) -> pl.DataFrame:
        """``<column>_name`` and ``<column>_name_en`` beside each code of a set, or of some."""
        for column, sets in code_sets.items():
            names: dict[str, tuple[str, str]] = {}
            for code_set in (sets,) if isinstance(sets, str) else sets:
                more = self.rules.names(code_set)
                assert not names.keys() & more.keys(), "whose name it is would be a guess"
                names |= more
            for part, suffix in enumerate(("_name", "_name_en")):
                wording = {code: n[part] for code, n in names.items()}
                named = pl.col(column).replace_strict(wording).alias(column + suffix)
                rows = rows.with_columns(named)
        return rows

    @cached_property
    def trials(self) -> set[str]:
        """Models that are compared, and by which nobody is managed."""
        return {r["model"] for r in self.rules.rows("value_model") if r["is_trial"] == "true"}

    def _models(self) -> pl.DataFrame:
        """Names of the models, and which are on trial."""
        return pl.DataFrame(
            [
                {
                    "model": r["model"],
                    "model_name": r["name_zh"],
                    "model_name_en": r["name_en"],
                    "is_trial": r["model"] in self.trials,
                }
                for r in self.rules.rows("value_model")
            ]
        ).unique()

    @cached_property
    def group_month(self) -> pl.DataFrame:
        """The columns of the other mart: ``valued`` with who is potentially of high value."""
        social = [
            {"stat_month": month, "group_id": group, "social_score": float(score)}
            for (month, model), factors in self.factors.items()
            if model not in self.trials
            for group, score in factors.get("social_attribute", {}).items()
        ]
        least = self.parameter("potential_min_social_score")
        return (
            self._named(self.valued, alliance_stage="alliance_stage")
            .join(pl.DataFrame(social), on=KEY, how="left")
            .join(least, on="stat_month")
            .with_columns(
                (
                    pl.col("is_active")
                    & (pl.col("social_score") >= pl.col("potential_min_social_score"))
                    & pl.any_horizontal(
                        "is_below_mean_arpu", "is_below_mean_per_employee", "is_shrinking"
                    )
                )
                .fill_null(False)
                .alias("is_potential_high_value")
            )
        )


@dataclass(frozen=True)
class Place:
    """A score, and how many of the peers are below and above it."""

    score: Fraction
    lower: int
    better: int
    peers: int


def choose(cuts: list[dict[str, str]], kind: str, place: Place) -> tuple[dict[str, str], Fraction]:
    """The best grade whose cut is reached, and by how much it is kept.

    By quantile the share of peers that score lower, by score the score itself, has to reach
    ``min_value``; by rank those who are better have to leave room in the shares so far.
    """
    room = Fraction(0)
    for cut in cuts:
        if kind == "rank":
            room += Fraction(cut["share"])
            margin = room - Fraction(place.better, place.peers)
            reached = margin > 0
        else:
            has, scale = Fraction(place.lower, place.peers), 1
            if kind == "score":
                has, scale = place.score / 100, 100
            margin = has - Fraction(cut["min_value"]) / scale
            reached = margin >= 0
        if reached:
            return cut, margin
    raise AssertionError("no grade is reached")


def _common(other: Row | None) -> Row:
    """What is known of the model for one who is no longer graded."""
    assert other is not None
    return {k: other[k] for k in ("method", "cut_off_type", "peer_group_by", "peer_group")}


def compare(one: Row | None, other: Row | None, *, is_first: bool) -> Row:
    """Transition between two grades and what drove it."""
    if is_first:
        return {"transition": "first"}
    row: Row = {}
    if other:
        row = {
            "previous_model_version": other["model_version"],
            "previous_score": float(other["score"]),
            "previous_grade": other["grade"],
            "previous_grade_rank": other["grade_rank"],
        }
    if not one:
        return {**row, "transition": "lost"}
    if not other:
        return {**row, "transition": "new"}
    steps = other["grade_rank"] - one["grade_rank"]
    change = one["score"] - other["score"]
    row["transition"] = "up" if steps > 0 else "down" if steps < 0 else "same"
    row |= {"grade_steps": steps, "score_change": float(change)}
    return row | driver(one["points"], other["points"], steps or change)


def driver(now: dict[str, Fraction], before: dict[str, Fraction], direction: Fraction | int) -> Row:
    """The factor that changed most in a direction; ``peers`` when none did but the grade."""
    zero = Fraction(0)
    moved = {f: now.get(f, zero) - before.get(f, zero) for f in {**now, **before}}
    most = max((m if direction > 0 else -m for m in moved.values()), default=zero)
    if direction == 0 or most <= 0:
        return {"driver_factor": PEERS if direction else None}
    change = most if direction > 0 else -most
    # of several that changed alike the first by name
    factor = min(f for f, m in moved.items() if m == change)
    return {"driver_factor": factor, "driver_points_change": float(change)}
