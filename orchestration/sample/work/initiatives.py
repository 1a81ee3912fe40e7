"""Development projects: every October a new tree of projects, sub-projects, measures, activities.

Each city takes its part of every project. Progress comes from the activities and is averaged
upwards; a few sub-projects run late, and so do the projects they belong to.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.lists import rows
from orchestration.sample.operator import Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days
from orchestration.sample.working_time import optional

MEASURES = [("机制建设", "Rules and roles"), ("系统支撑", "Systems")]
#: name, and the months of the planning year (from October) it lasts
ACTIVITIES = [
    ("方案制定", "Plan", 0, 4),
    ("试点推行", "Pilot", 3, 8),
    ("全面实施", "Roll-out", 7, 12),
]
#: chance that a sub-project runs late, and the pace it then keeps
LATE, LATE_PACE = 0.2, 0.5
LEVELS = ["project", "sub_project", "measure", "activity"]


class Initiatives:
    """The project office's sheet."""

    feeds: ClassVar[tuple[str, ...]] = ("pmo.initiative",)

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        years = sorted({_planning_year(m.first) for m in operator.span})
        self.trees = {y: self._tree(y) for y in years}

    def of_month(self, t: int) -> Tables:
        yield "pmo.initiative", self._table(t)

    def truth(self) -> dict[str, Any]:
        """``late_initiatives``: sub-projects that keep ``LATE_PACE`` of their plan."""
        return {
            "late_initiatives": [
                i for tree in self.trees.values() for i, late in tree["late"].items() if late
            ]
        }

    def _tree(self, year: int) -> dict[str, Any]:
        """Nodes of a year as rows; ``leaves`` are the activities, ``pace`` how fast they go."""
        rng, places = self.operator.rng("initiatives", year), self.operator.places
        cities = [u for u in places.units if u["level"] == "city"]
        heads = {p.org_unit_id: p.staff_id for p in places.staff if p.post == "manager"}
        province = next(u["org_unit_id"] for u in places.units if u["level"] == "province")
        nodes: list[dict[str, Any]] = []
        late: dict[str, bool] = {}

        def add(level: int, parent: int, name: tuple[str, str], **rest: Any) -> int:
            above = nodes[parent] if parent >= 0 else {}
            number = f"PI{year}-{len(nodes) + 1:03d}"
            nodes.append({**above, "id": number, "parent": parent, "level": level,
                          "name": name[0], "name_en": name[1], **rest})  # fmt: skip
            return len(nodes) - 1

        first = date(year - 1, 10, 1)
        for project in rows("initiatives"):
            top = add(
                0, -1, (project["name"], project["name_en"]),
                bsc=project["bsc_perspective"], kpi=project["kpi_code"], unit=province,
                owner=heads[province], start=0, end=12, pace=1.0, budget=int(project["budget"]),
            )  # fmt: skip
            for city in cities:
                unit = city["org_unit_id"]
                slow = bool(rng.random() < LATE)
                sub = add(
                    1, top, (f"{city['org_unit_name']}{project['name']}",
                             f"{city['org_unit_name_en']}: {project['name_en']}"),
                    unit=unit, owner=heads[unit], budget=int(project["budget"]) // len(cities),
                    pace=LATE_PACE if slow else 1.0,
                )  # fmt: skip
                late[nodes[sub]["id"]] = slow
                for measure in MEASURES:
                    middle = add(2, sub, measure, budget=nodes[sub]["budget"] // len(MEASURES))
                    for zh, en, start, end in ACTIVITIES:
                        add(
                            3, middle, (zh, en), start=start, end=end,
                            budget=nodes[middle]["budget"] // len(ACTIVITIES),
                            pace=nodes[middle]["pace"] * float(rng.uniform(0.92, 1.15)),
                        )  # fmt: skip
        return {"nodes": nodes, "late": late, "first": day_number(first)}

    def _table(self, t: int) -> pl.DataFrame:
        month = self.operator.span[t]
        year = _planning_year(month.first)
        tree = self.trees[year]
        nodes, n = tree["nodes"], len(tree["nodes"])
        start, end = (np.array([_month_start(year, x[k]) for x in nodes]) for k in ("start", "end"))
        today = day_number(month.next.first)
        length = end - start
        pace = np.array([x["pace"] for x in nodes])
        planned = np.clip((today - start) / length, 0, 1)
        actual = np.clip((today - start) / length * pace, 0, 1)
        done = start + np.ceil(length / pace).astype(np.int64) - 1
        level = np.array([x["level"] for x in nodes])
        parent = np.array([x["parent"] for x in nodes])
        # activities carry the others
        for above in (2, 1, 0):
            below = level == above + 1
            count = np.bincount(parent[below], minlength=n)
            here = level == above
            for value in (planned, actual):
                total = np.bincount(parent[below], value[below], n)
                value[here] = total[here] / count[here]
            last = np.zeros(n, np.int64)
            np.maximum.at(last, parent[below], done[below])
            done[here] = last[here]
        planned, actual = np.round(planned, 2), np.round(actual, 2)
        finished = done < today
        actual[finished] = 1.0
        budget = np.array([x["budget"] for x in nodes]) * 100
        ids = [x["id"] for x in nodes]
        return pl.DataFrame(
            {
                "initiative_id": ids,
                "parent_id": pl.Series([ids[p] if p >= 0 else None for p in parent]),
                "level": [LEVELS[k] for k in level],
                "initiative_name": [x["name"] for x in nodes],
                "initiative_name_en": [x["name_en"] for x in nodes],
                "planning_year": [year] * n,
                "bsc_perspective": [x["bsc"] for x in nodes],
                "kpi_code": [x["kpi"] for x in nodes],
                "org_unit_id": [x["unit"] for x in nodes],
                "owner_staff_id": [x["owner"] for x in nodes],
                "starts_on": days(start),
                "ends_on": days(end - 1),
                "planned_progress": planned,
                "actual_progress": actual,
                "finished_on": optional(days(done), finished),
                "budget_amt": budget,
                "spent_amt": (budget * actual * 0.96).astype(np.int64),
            }
        )


def _planning_year(first: date) -> int:
    """Planning years begin in October and are named by the year in which they end."""
    return first.year + (first.month >= 10)


def _month_start(year: int, offset: int) -> int:
    """First day of the month ``offset`` months after the planning year's October."""
    months = (year - 1) * 12 + 9 + offset
    return day_number(date(months // 12, months % 12 + 1, 1))
