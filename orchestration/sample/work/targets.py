"""Targets broken down from the top to people and halls, and the scores that people enter.

Targets are set from below and added up, so they agree at every level; in one county they do not for
a while, as happens. One county is lenient with its halls, and managers who game their visits are
well thought of by those who only see the count.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.calendar import Month
from orchestration.sample.channel.outlets import outlet_id
from orchestration.sample.operator import Tables
from orchestration.sample.population import MONTHLY_OPENINGS, day_number
from orchestration.sample.tables import days
from orchestration.sample.work.scene import Scene, served
from orchestration.sample.working_time import optional

#: code, dimension, whether parts add up, usual value of a rate
STAFF_KPIS = [
    ("group_revenue", "kpi", True, 0.0),
    ("new_business_revenue", "kpi", True, 0.0),
    ("opportunities_found", "gs", True, 0.0),
    ("visits_done", "regular", True, 0.0),
    ("complaint_in_limit_rate", "timeliness", False, 0.9),
    ("work_order_on_time_rate", "timeliness", False, 0.85),
]
HALL_KPI = "hall_new_numbers"
#: share of new numbers that halls sell
HALLS_SHARE = 0.42
LEVELS = ["area", "county", "city", "province", "hq"]
#: months in which the target of one county is more than its areas' together, and how much more
GAP_MONTHS, GAP = 3, 1.08


class Targets:
    """The planning department's targets and the form on which scores are entered."""

    feeds: ClassVar[tuple[str, ...]] = (
        "target.kpi_target",
        "target.manual_score",
    )

    def __init__(self, scene: Scene) -> None:
        self.scene, self.operator, self.managers = scene, scene.operator, scene.managers
        places = self.operator.places
        self.above = {u["org_unit_id"]: u["parent_id"] for u in places.units}
        self.counties = sorted({self.above[a] for a in places.area_ids})
        rng = self.operator.rng("targets")
        self.gap_county, self.lenient = rng.choice(self.counties, size=2, replace=False).tolist()
        months = len(self.operator.span)
        self.gap_from = int(rng.integers(0, max(months - GAP_MONTHS, 1)))
        self.stretch = rng.uniform(0.95, 1.12, len(self.managers.ids))
        heads = {p.org_unit_id: p.staff_id for p in places.staff if p.post == "channel_manager"}
        self.scorer = {c: heads[c] for c in self.counties}

    def of_month(self, t: int) -> Tables:
        yield "target.kpi_target", self._targets(t)
        yield "target.manual_score", self._scores(t)

    def truth(self) -> dict[str, Any]:
        """``target_gaps``: where the targets of the areas do not add up to their county's.
        ``lenient_county``: gives all its halls nearly full marks.
        """
        gaps = [m.period for t, m in enumerate(self.operator.span) if self._gap(t)]
        return {
            "target_gaps": [
                {"kpi_code": "group_revenue", "scope_id": self.gap_county, "period": p}
                for p in gaps
            ],
            "lenient_county": self.lenient,
        }

    def _gap(self, t: int) -> bool:
        return self.gap_from <= t < self.gap_from + GAP_MONTHS

    def _targets(self, t: int) -> pl.DataFrame:
        m, groups, month = self.managers, self.scene.groups, self.operator.span[t]
        owner, known = groups.manager_in(self.operator, t), served(groups, t)
        active = m.active(self.operator, t)
        spends = np.bincount(owner[known], groups.spends[known], len(m.ids)) * self.stretch
        spends *= 1 + 0.005 * t
        count = np.bincount(owner[known], minlength=len(m.ids))
        values = {
            "group_revenue": np.round(spends * 100),
            "new_business_revenue": np.round(spends * 18),
            "opportunities_found": np.ceil(0.2 * count) * 100,
            "visits_done": np.ceil(1.3 * count) * 100,
        }
        areas = self.operator.places.area_ids
        frames = []
        for code, dimension, adds, rate in STAFF_KPIS:
            value = values[code] if adds else np.full(len(m.ids), rate * 100)
            leaves = {
                m.ids[k]: (areas[self.operator.places.manager_area[k]], round(float(value[k])))
                for k in active
            }
            frames.append(self._broken_down(t, code, dimension, ("staff", leaves, adds)))
        outlets = self.scene.outlets
        openings = self.operator.scale.subscribers * MONTHLY_OPENINGS * (1 + 0.8 * month.festival)
        halls = {
            outlet_id(i): (
                self.above[areas[outlets.area[i]]],
                int(np.ceil(outlets.weight[i] * openings * HALLS_SHARE)) * 100,
            )
            for i in range(outlets.halls)
        }
        frames.append(self._broken_down(t, HALL_KPI, "kpi", ("outlet", halls, True)))
        return pl.concat(frames)

    def _broken_down(
        self,
        t: int,
        code: str,
        dimension: str,
        bottom: tuple[str, dict[str, tuple[str, int]], bool],
    ) -> pl.DataFrame:
        """Rows of one KPI: the lowest scopes (id -> unit above, hundredths) and all above them."""
        kind, leaves, adds = bottom
        table = [(kind, i, up, v) for i, (up, v) in leaves.items()]
        level = LEVELS.index("county" if kind == "outlet" else "area")
        below: list[tuple[str, str, str, int]] = list(table)
        while below and level < len(LEVELS):
            units: dict[str, int] = {}
            for _, _, up, part in below:
                units[up] = units.get(up, 0) + part if adds else part
            if code == "group_revenue" and LEVELS[level] == "county" and self._gap(t):
                units[self.gap_county] = round(units.get(self.gap_county, 0) * GAP)
            below = [(LEVELS[level], i, self.above[i], v) for i, v in sorted(units.items())]
            table += below
            level += 1
        parents = {"outlet": "county", "staff": "area"}
        parents |= dict(pairwise(LEVELS))
        month = self.operator.span[t]
        value = np.array([r[3] for r in table], dtype=np.int64)
        ambitious = adds and dimension == "kpi"
        return pl.DataFrame(
            {
                "kpi_code": [code] * len(table),
                "scope_type": [r[0] for r in table],
                "scope_id": [r[1] for r in table],
                "parent_scope_type": [parents.get(r[0]) for r in table],
                "parent_scope_id": [r[2] or None for r in table],
                "dimension": [dimension] * len(table),
                "target_value": value / 100,
                "challenge_value": optional(
                    pl.Series(value * 11 // 10 / 100), np.full(len(table), ambitious)
                ),
                "is_additive": [adds] * len(table),
                "target_version": [f"{month.first.year}-V1"] * len(table),
                "set_on": days(np.full(len(table), day_number(month.first) - 5)),
                "set_by_staff_id": [self._sets_targets()] * len(table),
            },
        )

    def _sets_targets(self) -> str:
        """The first manager of the highest unit that has one."""
        level = {u["org_unit_id"]: u["level"] for u in self.operator.places.units}
        ranks = ["hq", "province", "city", "county", "area"]
        heads = [p for p in self.operator.places.staff if p.post == "manager"]
        return min(heads, key=lambda p: ranks.index(level[p.org_unit_id])).staff_id

    def _scores(self, t: int) -> pl.DataFrame:
        rng, month, m = self.operator.rng("manual_score", t), self.operator.span[t], self.managers
        outlets, areas = self.scene.outlets, self.operator.places.area_ids
        county = [self.above[areas[a]] for a in outlets.area[: outlets.halls]]
        good = 86 - 14 * outlets.poor[: outlets.halls] + 5 * rng.standard_normal(outlets.halls)
        kind = np.array([c == self.lenient for c in county])
        good = np.where(kind, 98 + rng.uniform(-1, 1, outlets.halls), good.clip(40, 100))
        halls = pl.DataFrame(
            {
                "kpi_code": ["county_score"] * outlets.halls,
                "scope_type": ["outlet"] * outlets.halls,
                "scope_id": [outlet_id(i) for i in range(outlets.halls)],
                "score": np.round(good.clip(0, 100), 1),
                "dimension": ["county"] * outlets.halls,
                "scorer_staff_id": [self.scorer[c] for c in county],
            }
        )
        active = m.active(self.operator, t)
        goal = 62 + 34 * m.diligence[active] + 22 * m.games[active]
        frames = [halls, self._of_staff("gs_goal", "gs", goal, active, rng)]
        if month.first.month % 3 == 0:
            manual = 66 + 30 * m.diligence[active]
            frames.append(self._of_staff("service_manual", "service_manual", manual, active, rng))
        scored = pl.concat(frames)
        return scored.select(
            "kpi_code", "scope_type", "scope_id", "score",
            pl.lit(100.0).alias("full_score"), "dimension", "scorer_staff_id",
            pl.lit(_last_workday(self.scene, month)).cast(pl.Date).alias("scored_on"),
            pl.when(pl.col("score") < 65).then(pl.lit("未达标，限期整改"))
            .when(pl.col("score") >= 95).then(pl.lit("表现突出")).alias("reason"),
        )  # fmt: skip

    def _of_staff(
        self, code: str, dimension: str, mean: np.ndarray, who: np.ndarray,
        rng: np.random.Generator,
    ) -> pl.DataFrame:  # fmt: skip
        """Scores of account managers, given by those above them."""
        m, k = self.managers, len(who)
        score = np.round((mean + 4 * rng.standard_normal(k)).clip(30, 100), 1)
        return pl.DataFrame(
            {
                "kpi_code": [code] * k,
                "scope_type": ["staff"] * k,
                "scope_id": [m.ids[i] for i in who],
                "score": score,
                "dimension": [dimension] * k,
                "scorer_staff_id": [m.supervisor[i] for i in who],
            }
        )


def _last_workday(scene: Scene, month: Month) -> int:
    return int(scene.time.month(month)[-1])
