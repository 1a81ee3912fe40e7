"""How deep customers are bound, and how many of each depth left, again from the definitions."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction
from functools import cached_property

import polars as pl

from tests.metrics.customer_value.falls import Falls, rounded
from tests.metrics.customer_value.groups import KEY
from tests.metrics.customer_value.scores import Row
from tests.metrics.rule_tables import add_months


class Loyalty(Falls):
    """Depth of binding and off-net probability of ``mart_customer_value__group_month`` (R037)."""

    @cached_property
    def depths(self) -> dict[date, dict[str, Row]]:
        """By month and customer: share of lines bound, points and depth."""
        found: dict[date, dict[str, Row]] = {month: {} for month in self.months}
        columns = (
            "line_cnt", "bound_line_cnt", "contract_left_days_max", "integration_level_max"
        )  # fmt: skip
        rows = self.parts.filter("is_active").select(*KEY, pl.col(columns).fill_null(0))
        for month, group, lines, bound, left, level in rows.iter_rows():
            bands = self._bands(month)
            all_lines = max(lines, bound)
            share = rounded(Fraction(bound, all_lines), 8) if all_lines else Fraction(0)
            points = sum(
                reached(bands[measure], value)
                for measure, value in (
                    ("bound_line_share", share),
                    ("contract_left_days", Fraction(left)),
                    ("integration_level", Fraction(level)),
                )
            )
            found[month][group] = {
                "bound_line_share": float(share),
                "binding_points": points,
                "binding_depth": reached(bands["depth"], Fraction(points)),
            }
        return found

    def _bands(self, month: date) -> dict[str, list[tuple[Fraction, int]]]:
        bands = defaultdict(list)
        for rule in self.valid("binding_depth_rule", month):
            bands[rule["measure"]].append((Fraction(rule["floor_value"]), int(rule["points"])))
        return bands

    def left_of(self, month: date) -> dict[int, tuple[int, int]]:
        """Customers of each depth who were followed until a month, and how many of them left."""
        rules = self.parameters("customer_value_rule", month)
        horizon = int(float(rules["off_net_horizon_months"]))
        window = int(float(rules["off_net_window_months"]))
        counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for back in range(horizon, window + 1):
            then = self.depths.get(add_months(month, -back))
            later = self.depths.get(add_months(month, horizon - back))
            if then is None or later is None:
                continue
            for group, row in then.items():
                counts[row["binding_depth"]][0] += 1
                counts[row["binding_depth"]][1] += group not in later
        return {depth: (all_, left) for depth, (all_, left) in counts.items()}

    @cached_property
    def bound(self) -> pl.DataFrame:
        """The columns about binding of each active customer."""
        rows = []
        for month, customers in self.depths.items():
            least = float(self.parameters("customer_value_rule", month)["off_net_min_observed_cnt"])
            chance = {
                depth: float(rounded(Fraction(left, seen), 8))
                for depth, (seen, left) in self.left_of(month).items()
                if seen >= least
            }
            for group, row in customers.items():
                known = {"stat_month": month, "group_id": group}
                rows.append(known | row | {"off_net_probability": chance.get(row["binding_depth"])})
        named = pl.DataFrame(rows, infer_schema_length=None).with_columns(
            pl.col("binding_depth").cast(pl.String)
        )
        return self._named(named, binding_depth="binding_depth").with_columns(
            pl.col("binding_depth").cast(pl.Int64)
        )

    @cached_property
    def group_month(self) -> pl.DataFrame:
        """All columns of the mart."""
        return super().group_month.join(self.bound, on=KEY, how="left")


def reached(bands: list[tuple[Fraction, int]], value: Fraction) -> int:
    """Points of the highest band whose floor a value reaches."""
    return max(points for floor, points in bands if value >= floor)
