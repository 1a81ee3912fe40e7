"""Warnings about group customers, again from the definitions: which reason holds, who acts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cached_property

import polars as pl

from tests.metrics.customer_value.groups import KEY, MONTH_END
from tests.metrics.customer_value.offers import Offers
from tests.metrics.customer_value.scores import Row
from tests.metrics.customer_value.value import COMPETITORS

#: reasons for which fewer days left are worse
EXPIRY = ("competitor_expiry", "contract_expiry")
REASONS = (
    "grade_drop", "about_to_drop", "potential_high_value", "arrears", *EXPIRY, "key_person_change",
    "revenue_fall",
)  # fmt: skip
EVIDENCE = ["previous_grade", "grade", "driver_factor", "driver_points_change"]


class Warnings(Offers):
    """``mart_customer_value__warning``: the worst of a reason, at the highest level that holds."""

    @cached_property
    def warning(self) -> pl.DataFrame:
        """The columns of the mart."""
        worst: dict[tuple[date, str, str], Row] = {}
        for row in self._raised():
            key = (row["stat_month"], row["group_id"], row["reason"])
            if key not in worst or _order(row) < _order(worst[key]):
                worst[key] = row
        customers = self.parts.select(
            *KEY, "group_name", "^(province|city|county|area|account_manager)_.*$", "revenue_amt",
            "overdue_amt",
        )  # fmt: skip
        owner = (
            pl.when(pl.col("account_manager_id") != "-")
            .then("account_manager_id")
            .otherwise(pl.col("area_manager_id").fill_null("-"))
        )
        rows = pl.DataFrame(list(worst.values()), infer_schema_length=None, strict=False)
        return (
            rows.join(customers, on=KEY)
            .join(self.tree.area_managers, on=["stat_month", "area_id"], how="left")
            .with_columns(
                owner.alias("owner_staff_id"),
                MONTH_END.alias("raised_on"),
                pl.concat_str(
                    pl.col("stat_month").cast(pl.String), "group_id", "reason", separator="|"
                ).alias("warning_id"),
            )
            .with_columns(self._subjects())
            .with_columns(pl.col("warning_level").cast(pl.String))
            .pipe(self._named, reason="value_warning", warning_level="warning_level",
                  driver_factor=("value_factor", "fall_driver"))
            .with_columns(pl.col("warning_level").cast(pl.Int64))
        )  # fmt: skip

    def _subjects(self) -> list[pl.Expr]:
        """Names of the model, the competitor or the evidence that a warning is about."""
        names = {**self.rules.names("competitor"), **self.rules.names("fall_evidence")}
        models = self._models().select("model", "model_name", "model_name_en").iter_rows()
        names |= {model: (zh, en) for model, zh, en in models}
        return [
            pl.col("subject_id")
            .replace_strict({code: n[part] for code, n in names.items()}, default=None)
            .alias(f"subject_name{suffix}")
            for part, suffix in enumerate(("", "_en"))
        ]

    def _raised(self) -> Iterator[Row]:
        """Everything measured, at each level whose rule holds."""
        rules = {month: self.valid("value_warning_rule", month) for month in self.months}
        for row in self._measured():
            for rule in rules[row["stat_month"]]:
                if rule["reason"] != row["reason"] or rule["is_enabled"] != "true":
                    continue
                if not _holds(rule, row):
                    continue
                threshold = rule["threshold_value"]
                yield {
                    **{k: v for k, v in row.items() if k != "floor"},
                    "warning_level": int(rule["warning_level"]),
                    "threshold_value": float(threshold) if threshold else None,
                    "rule_id": rule["rule_id"],
                    "rule_valid_from": date.fromisoformat(rule["valid_from"]),
                }

    def _measured(self) -> Iterator[Row]:
        """What could be a reason, with its measure; amounts in yuan."""
        prospect = pl.col("status") == "prospect"  # a competitor's contract that ends is a chance
        looked_at = self.group_month.filter(pl.col("is_active") | prospect)
        looked_at = looked_at.with_columns(MONTH_END.alias("month_end"))
        for row in looked_at.iter_rows(named=True):
            about = {"stat_month": row["stat_month"], "group_id": row["group_id"],
                     **dict.fromkeys(EVIDENCE), "due_on": None, "subject_id": "-"}  # fmt: skip
            if row["is_potential_high_value"]:
                yield {
                    **about,
                    "reason": "potential_high_value",
                    "measure_value": row["social_score"],
                }
            yield {**about, "reason": "arrears", "measure_value": row["overdue_days_max"],
                   "floor": row["overdue_amt"] / 100}  # fmt: skip
            ends = {"-": ("contract_expiry", row["contract_ends_on"])}
            for name in COMPETITORS:
                ends[name] = ("competitor_expiry", row[f"{name}_contract_ends_on"])
            for subject, (reason, on) in ends.items():
                if on:
                    left = (on - row["month_end"]).days
                    yield {**about, "reason": reason, "subject_id": subject, "due_on": on,
                           "measure_value": left}  # fmt: skip
        yield from self._grades()
        for change in self.unfollowed.iter_rows(named=True):
            keys = {k: change[k] for k in KEY}
            yield {**keys, **dict.fromkeys(EVIDENCE), "reason": "key_person_change",
                   "subject_id": change["key_person_id"], "due_on": change["event_at"],
                   "measure_value": (change["end"] - change["event_at"]).days}  # fmt: skip
        for fall in self.falls():
            yield {**dict.fromkeys(EVIDENCE), **fall, "reason": "revenue_fall", "due_on": None}

    def _grades(self) -> Iterator[Row]:
        """Grades that dropped, and those hardly kept by one whose score fell (R020)."""
        last = {
            key: max(row["grade_rank"] for row in rows.values())
            for key, rows in self.graded.items()
        }
        managing = ~pl.col("model").is_in(self.trials)
        for row in self.changes.filter(pl.col("is_graded") & managing).iter_rows(named=True):
            month, model = row["stat_month"], row["model"]
            about = {"stat_month": month, "group_id": row["group_id"], "subject_id": model,
                     "due_on": None, **{k: row[k] for k in EVIDENCE}}  # fmt: skip
            if row["transition"] == "down":
                yield {**about, "reason": "grade_drop", "measure_value": -row["grade_steps"]}
            rules = self.parameters("customer_value_rule", month)
            fell = -(row["score_change"] or 0)
            if (
                row["transition"] == "same"
                and row["grade_rank"] < last[model, month]
                and row["grade_margin"] <= float(rules["about_to_drop_margin"])
                and fell >= float(rules["about_to_drop_score"])
            ):
                yield {**about, "reason": "about_to_drop", "measure_value": fell}


def _holds(rule: dict[str, str], row: Row) -> bool:
    """Whether the floor and the threshold of a rule are reached."""
    if rule["floor_value"] and row["floor"] < float(rule["floor_value"]):
        return False
    if not rule["threshold_value"]:
        return True
    threshold = float(rule["threshold_value"])
    few_left = row["reason"] in EXPIRY
    return row["measure_value"] <= threshold if few_left else row["measure_value"] >= threshold


def _order(row: Row) -> tuple[float, float, str]:
    """The worst first: by level, by what was measured, then by name of what it is about."""
    sign = 1 if row["reason"] in EXPIRY else -1
    return (-row["warning_level"], sign * row["measure_value"], row["subject_id"])
