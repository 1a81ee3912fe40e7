"""Account managers: how diligent and able they are, their grade, teams and skills; the posts.

What a manager is like shows in visits, feedback, sales, exams and scores; no feed says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.lists import rows
from orchestration.sample.lives import HANDOVER_FROM, HANDOVER_PERIOD
from orchestration.sample.operator import Operator, Tables, once
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels
from orchestration.sample.working_time import WorkingTime, optional

GRADES = ["trainee", "junior", "intermediate", "senior", "expert"]
#: share of managers in each grade, in the order of the grades
GRADE_SHARES = (0.1, 0.25, 0.35, 0.2, 0.1)
#: largest discount a month, in hundredths, that each grade may grant alone
AUTHORITY = np.array([30_00, 80_00, 250_00, 600_00, 2_000_00])
NEXT_CERTIFICATE = ["basic", "basic", "professional", "professional", "expert"]
BELBIN = [
    "implementer",
    "coordinator",
    "shaper",
    "innovator",
    "resource_investigator",
    "monitor",
    "team_worker",
    "completer",
]
SKILLS = [
    "understanding",
    "resource_integration",
    "project_drive",
    "coordination",
    "resource_acquisition",
    "whole_view",
    "service_awareness",
]
TEAM_KINDS = [
    ("retention", "客户保有团队"),
    ("integrated_operating", "省市一体化运营团队"),
    ("solution", "行业解决方案团队"),
]
#: share of managers who log visits they hardly make, and who grant more than they may
GAMING = 0.08
OVERSTEPPING = 0.05


@dataclass(frozen=True)
class Managers:
    """The account managers by position in ``Places.manager_ids``.

    ``diligence`` is 0 to 1, ``skill`` about N(0, 1); ``games`` marks those who log visits without
    making them count, ``oversteps`` those who approve discounts beyond their authority; ``grade``
    is a position in ``GRADES``; ``supervisor`` the staff_id of the manager above.
    """

    ids: list[str]
    diligence: np.ndarray
    skill: np.ndarray
    games: np.ndarray
    oversteps: np.ndarray
    grade: np.ndarray
    graded: np.ndarray
    city: list[str]
    supervisor: list[str]

    def active(self, operator: Operator, t: int) -> np.ndarray:
        """Positions of those employed at the end of month ``t``."""
        gone = operator.span[t].period >= HANDOVER_PERIOD
        every = np.arange(len(self.ids))
        return every[every != HANDOVER_FROM] if gone else every


@once
def draw_managers(operator: Operator) -> Managers:
    """What each account manager is like."""
    rng, places = operator.rng("managers"), operator.places
    n = len(places.manager_ids)
    diligence = 0.2 + 0.78 * rng.beta(3.0, 1.8, n)
    skill = rng.standard_normal(n)
    turn = rng.permutation(np.flatnonzero(np.arange(n) != HANDOVER_FROM))
    games, oversteps = np.zeros(n, bool), np.zeros(n, bool)
    gamers = max(2, round(GAMING * n))
    games[turn[:gamers]] = True
    diligence[games] = rng.uniform(0.25, 0.45, gamers)

    standing = 0.8 * skill + 2.5 * diligence + 0.5 * rng.standard_normal(n)
    rank = np.argsort(np.argsort(standing)) / n
    grade = np.searchsorted(np.cumsum(GRADE_SHARES)[:-1], rank, side="right")
    # who may grant little is tempted to grant more
    low = turn[gamers:][grade[turn[gamers:]] <= 1]
    oversteps[low[: max(2, round(OVERSTEPPING * n))]] = True
    start = day_number(operator.span[0].first)
    graded = start - rng.integers(20, 700, n)
    hired = {p.staff_id: day_number(date.fromisoformat(p.hired_on)) for p in places.staff}
    graded = np.maximum(graded, [hired[i] for i in places.manager_ids]).clip(None, start - 1)

    above = {u["org_unit_id"]: u["parent_id"] for u in places.units}
    counties = [above[places.area_ids[a]] for a in places.manager_area]
    heads = {p.org_unit_id: p.staff_id for p in places.staff if p.post == "manager"}
    return Managers(
        ids=places.manager_ids,
        diligence=diligence,
        skill=skill,
        games=games,
        oversteps=oversteps,
        grade=grade,
        graded=graded,
        city=[above[c] for c in counties],
        supervisor=[heads.get(c, heads[above[c]]) for c in counties],
    )


class ManagerFeeds:
    """Posts, and the rating, teams and skills of the account managers."""

    feeds: ClassVar[tuple[str, ...]] = (
        "hr.post",
        "hr.manager_rating",
        "hr.team_member",
        "hr.capability_score",
    )

    def __init__(self, operator: Operator, managers: Managers, time: WorkingTime) -> None:
        self.operator, self.managers, self.time = operator, managers, time
        rng, n = operator.rng("manager_feeds"), len(managers.ids)
        self.signed = day_number(operator.span[0].first) - rng.integers(10, 300, n)
        self.role = rng.integers(0, len(BELBIN), n)
        self.second = (self.role + rng.integers(1, len(BELBIN), n)) % len(BELBIN)
        self.teams = self._teams(rng)

    def of_month(self, t: int) -> Tables:
        if t == len(self.operator.span) - 1:
            yield "hr.post", posts()
        yield "hr.manager_rating", self._ratings(t)
        yield "hr.team_member", self._members(t)
        yield "hr.capability_score", self._capability(t)

    def truth(self) -> dict[str, Any]:
        """``managers``: diligence (0 to 1), skill and who games or oversteps, by staff_id.

        Diligence shows in visits kept, feedback written and issues closed. Who games has nearly
        all visits "done", but stays for minutes, writes stock phrases and finds no opportunities.
        Who oversteps approves discounts above ``authority_limit_amt`` alone.
        """
        m = self.managers
        return {
            "managers": [
                {
                    "staff_id": m.ids[k],
                    "diligence": round(float(m.diligence[k]), 3),
                    "skill": round(float(m.skill[k]), 3),
                    "games": bool(m.games[k]),
                    "oversteps": bool(m.oversteps[k]),
                }
                for k in range(len(m.ids))
            ]
        }

    def _ratings(self, t: int) -> pl.DataFrame:
        rng, m = self.operator.rng("manager_rating", t), self.managers
        month, here = self.operator.span[t], m.active(self.operator, t)
        k, last = len(here), day_number(month.last)
        grade = m.grade[here]
        good = 40_000 * m.diligence[here] + 8_000 * m.skill[here] + 6_000 * rng.standard_normal(k)
        floor = np.where(grade >= 3, 85.0, 80.0)
        return pl.DataFrame(
            {
                "staff_id": labels(m.ids, here),
                "grade": labels(GRADES, grade),
                "graded_on": days(m.graded[here]),
                "last_result": labels(["promoted", "kept"], (m.graded[here] % 5 > 1).astype(int)),
                "next_eligible_on": optional(days(m.graded[here] + 730), grade < 4),
                "required_certificate": optional(labels(NEXT_CERTIFICATE, grade), grade < 4),
                "customer_type": ["group"] * k,
                "responsibility_signed_on": days(np.minimum(self.signed[here], last)),
                "awareness_floor": floor - 5,
                "satisfaction_floor": floor,
                "authority_limit_amt": AUTHORITY[grade],
                "reward_amt": (good.clip(0) * (1 + 0.5 * grade)).astype(np.int64),
                "penalty_amt": np.where(good < 12_000, 20_000, 0),
                "supervisor_staff_id": labels(m.supervisor, here),
            }
        )

    def _teams(self, rng: np.random.Generator) -> list[tuple[str, str, str, str, np.ndarray]]:
        """(id, name, kind, unit, members) of each team; members are positions of managers."""
        m = self.managers
        teams: list[tuple[str, str, str, str, np.ndarray]] = []
        named = {u["org_unit_id"]: u["org_unit_name"] for u in self.operator.places.units}
        for city in sorted(set(m.city)):
            own = np.flatnonzero(np.array(m.city) == city)
            for kind, title in TEAM_KINDS:
                size = min(len(own), 8 if kind == "retention" else 6)
                members = np.sort(rng.choice(own, size=size, replace=False))
                number = f"TM{len(teams) + 1:03d}"
                teams.append((number, named[city] + title, kind, city, members))
        return teams

    def _members(self, t: int) -> pl.DataFrame:
        rng, m = self.operator.rng("team_member", t), self.managers
        first = day_number(self.operator.span[0].first)
        active = m.active(self.operator, t)
        frames = []
        for number, name, kind, unit, everybody in self.teams:
            who = everybody[np.isin(everybody, active)]
            k = len(who)
            workdays = len(self.time.month(self.operator.span[t]))
            hours = 8.0 * (workdays - rng.integers(0, 3, k))
            share = np.array([0.15, 0.2, 0.25])[(who + len(name)) % 3]
            # the highest grade leads
            leads = np.arange(k) == (np.argmax(m.grade[who]) if k else 0)
            frames.append(
                pl.DataFrame(
                    {
                        "team_id": [number] * k,
                        "staff_id": labels(m.ids, who),
                        "team_name": [name] * k,
                        "team_kind": [kind] * k,
                        "org_unit_id": [unit] * k,
                        "is_leader": leads,
                        "belbin_role": labels(BELBIN, self.role[who]),
                        "second_belbin_role": labels(BELBIN, self.second[who]),
                        "time_share": share,
                        "available_hours": hours,
                        "used_hours": np.round(
                            share * hours * (0.4 + 0.7 * m.diligence[who]) * rng.uniform(0.9, 1.1),
                            1,
                        ),
                        "joined_on": days(first - 30 - 7 * (who % 40)),
                    }
                )
            )
        return pl.concat(frames)

    def _capability(self, t: int) -> pl.DataFrame:
        m, month = self.managers, self.operator.span[t].first
        # assessed on 20 June and 20 December; until then the one before counts
        if month.month == 12:
            half, assessed = (month.year, 2), date(month.year, 12, 20)
        elif month.month >= 6:
            half, assessed = (month.year, 1), date(month.year, 6, 20)
        else:
            half, assessed = (month.year - 1, 2), date(month.year - 1, 12, 20)
        rng = self.operator.rng("capability", *half)
        n, k = len(m.ids), len(SKILLS)
        true = 70 + 7 * m.skill[:, None] + 12 * (m.diligence[:, None] - 0.65)
        true = true + 5 * self.operator.rng("talents").standard_normal((n, k))
        boss = np.round((true + 3 * rng.standard_normal((n, k))).clip(20, 100), 1)
        # the less able think better of themselves than others do
        own = true + 6 - 4 * m.skill[:, None] + 4 * rng.standard_normal((n, k))
        asked = rng.random((n, k)) < 0.6
        customers = np.round((true + 5 * rng.standard_normal((n, k))).clip(20, 100), 1)
        here = np.repeat(m.active(self.operator, t), k)
        skill = np.tile(np.arange(k), len(here) // k)
        return pl.DataFrame(
            {
                "staff_id": labels(m.ids, here),
                "skill": labels(SKILLS, skill),
                "half_year": [f"{half[0]}H{half[1]}"] * len(here),
                "assessed_on": [assessed] * len(here),
                "self_score": np.round(own.clip(20, 100), 1)[here, skill],
                "supervisor_score": boss[here, skill],
                "customer_score": optional(pl.Series(customers[here, skill]), asked[here, skill]),
                "target_score": np.array([60.0, 68.0, 74.0, 80.0, 86.0])[m.grade[here]],
                "assessor_staff_id": labels(m.supervisor, here),
            }
        )


def posts() -> pl.DataFrame:
    """The catalogue of posts, from ``seeds/sample/posts.csv``."""
    table = rows("posts")
    text = [c for c in table[0] if not c.startswith(("is_", "has_", "effective"))]
    return pl.DataFrame(
        {
            **{c: [r[c] or None for r in table] for c in text},
            **{c: [r[c] == "true" for r in table] for c in ("is_key_post", "has_sales_target")},
            "effective_from": pl.Series([r["effective_from"] for r in table]).str.to_date(),
        }
    )
