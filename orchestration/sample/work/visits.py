"""Visits of group customers: planned, kept or missed, written up, and what came of them.

Diligent managers keep what they plan and write it up soon; those who game the count stay for
minutes and write the same three sentences. Groups that leave because nobody cares for them are
hardly visited before they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.groups.customers import RELATION_LOST, SERVICE_FAILURE, Groups
from orchestration.sample.groups.people import draw_key_persons
from orchestration.sample.operator import Operator, Tables
from orchestration.sample.tables import labels, moments, numbers
from orchestration.sample.work.managers import Managers
from orchestration.sample.work.scene import served
from orchestration.sample.working_time import (
    HOUR,
    NEVER,
    WorkingTime,
    days_by,
    in_months,
    moments_by,
    optional,
    window,
)

TYPES = ["visit", "exhibition", "forum", "experience"]
MODES = ["on_site", "telephone", "sms", "email"]
PURPOSES = ["care", "need", "selling", "renewal", "complaint", "arrears"]
STATES = ["done", "missed", "cancelled"]
DONE, MISSED, CANCELLED = range(3)
NEEDS = ["tariff", "one_stop", "solution"]
ISSUES = ["network", "bill", "service", "product", "price"]
MOMENTS = [f"{kind}{i:02d}" for kind in ("KM", "PM") for i in range(1, 11)]
#: visits a month for a group of grade A, B, C, by a manager of middling diligence
PACE = np.array([4.0, 2.2, 0.9])
STOCK_PHRASES = ["客户使用正常，无新增需求。", "已走访，客户满意。", "例行走访，情况良好。"]
WHO_MET = ["与办公室主任会面", "与信息中心负责人座谈", "与分管领导交流", "与财务人员核对账单"]
WHAT_SAID = [
    "，了解近期业务发展和通信使用情况",
    "，介绍新产品并演示",
    "，就合同续签交换意见",
    "，听取对网络质量的意见",
    "，收集员工套餐使用反馈",
]
WHAT_NEXT = [
    "，约定下周提交方案。",
    "，已转后台部门跟进。",
    "，对方表示内部讨论后答复。",
    "，客户认可服务。",
]
NONE = -1


@dataclass(frozen=True)
class Visits:
    """All visits of the sample, by the month they were planned for; arrays by visit.

    Moments are seconds since 1970 (``NEVER`` where nothing happened); codes are ``NONE`` where
    there is nothing. ``stock`` marks visits written up with a stock phrase.
    """

    month: np.ndarray
    group: np.ndarray
    manager: np.ndarray
    kind: np.ndarray
    mode: np.ndarray
    purpose: np.ndarray
    moment: np.ndarray
    planned: np.ndarray
    state: np.ndarray
    arrived: np.ndarray
    left: np.ndarray
    travel: np.ndarray
    told: np.ndarray
    stock: np.ndarray
    words: np.ndarray
    need: np.ndarray
    issue: np.ndarray
    closed: np.ndarray
    cost: np.ndarray

    def __len__(self) -> int:
        return len(self.month)


def visit_ids(at: np.ndarray) -> pl.Series:
    """The numbers of visits."""
    return numbers("V", at + 1, 8)


def draw_visits(
    operator: Operator, groups: Groups, managers: Managers, time: WorkingTime
) -> Visits:
    """Every visit from the first month to the last."""
    parts = [_draw_month(operator, groups, managers, time, t) for t in range(len(operator.span))]
    return Visits(**{k: np.concatenate([p[k] for p in parts]) for k in parts[0]})


def _draw_month(
    operator: Operator, groups: Groups, managers: Managers, time: WorkingTime, t: int
) -> dict[str, np.ndarray]:
    rng, workdays = operator.rng("visits", t), time.month(operator.span[t])
    known = served(groups, t)
    owner = groups.manager_in(operator, t)[known]
    pace = PACE[groups.grade[known]] * (0.5 + 0.8 * managers.diligence[owner])
    pace = pace * np.where(managers.games[owner], 1.6, 1.0) * len(workdays) / 21
    # a relation is lost because it is not kept: from two months before the group goes
    neglected = (groups.drop_reason[known] == RELATION_LOST) & (t >= groups.drop_from[known] - 2)
    pace = pace * np.where(neglected, 0.08, 1.0)
    planned = rng.poisson(pace)
    group, manager = np.repeat(known, planned), np.repeat(owner, planned)
    n = len(group)
    diligence, games = managers.diligence[manager], managers.games[manager]

    day = workdays[rng.integers(0, len(workdays), n)] * 86400
    when = day + 9 * HOUR + rng.integers(0, 32, n) * 900
    draw = rng.random(n)
    keeps = np.where(games, 0.98, 0.42 + 0.54 * diligence)
    state = np.select([draw < keeps, draw < keeps + (1 - keeps) * 0.75], [DONE, MISSED], CANCELLED)
    kind = rng.choice(4, size=n, p=[0.94, 0.015, 0.015, 0.03])
    mode = np.where((kind == 0) & ~games, rng.choice(4, size=n, p=[0.72, 0.18, 0.05, 0.05]), 0)
    on_site = (state == DONE) & (mode == 0)
    late = (rng.standard_normal(n) * (5 + 35 * (1 - diligence)) * 60).astype(np.int64)
    arrived = when + np.clip(late, -1800, 5400)
    stay = np.exp(np.log(50) + 0.5 * rng.standard_normal(n)) * (0.7 + 0.5 * diligence)
    stay = np.where(games, rng.uniform(2, 9, n), stay.clip(12, 200))
    left = arrived + (stay * 60).astype(np.int64)

    writes = (state == DONE) & (games | (rng.random(n) < 0.3 + 0.68 * diligence))
    lag = rng.exponential(1.0, n) * HOUR * (0.5 + 14 * (1 - diligence) ** 2)
    # those who game write everything up at the end of the day
    told = np.where(games, day + 18 * HOUR + rng.integers(0, 1200, n), time.after(left, lag))
    fruit = writes & ~games
    need = np.where(fruit & (rng.random(n) < 0.22 + 0.25 * diligence), rng.integers(0, 3, n), NONE)
    failing = (groups.drop_reason[group] == SERVICE_FAILURE) & (t >= groups.drop_from[group] - 3)
    trouble = np.where(failing, 0.6, 0.14)
    issue = np.where(fruit & (rng.random(n) < trouble), rng.choice(5, size=n), NONE)
    issue = np.where((issue != NONE) & failing & (rng.random(n) < 0.7), 2, issue)
    settles = (issue != NONE) & (rng.random(n) < np.where(failing, 0.35, 0.55 + 0.43 * diligence))
    closing = time.after(told, rng.exponential(1.0, n) * 9 * HOUR * (1 + 12 * (1 - diligence)))
    cost = np.exp(4.0 + 0.6 * rng.standard_normal(n)) * np.array([1, 60, 45, 12])[kind]
    order = np.argsort(when, kind="stable")
    made = {
        "month": np.full(n, t),
        "group": group,
        "manager": manager,
        "kind": kind,
        "mode": mode,
        "purpose": rng.choice(6, size=n, p=[0.38, 0.24, 0.18, 0.1, 0.06, 0.04]),
        "moment": np.where((state == DONE) & (rng.random(n) < 0.3), rng.integers(0, 20, n), NONE),
        "planned": when,
        "state": state,
        "arrived": np.where(on_site, arrived, NEVER),
        "left": np.where(on_site, left, NEVER),
        "travel": (np.exp(3.1 + 0.6 * rng.standard_normal(n)) * 100).astype(np.int64),
        "told": np.where(writes, told, NEVER),
        "stock": writes & (games | (rng.random(n) < 0.05)),
        "words": rng.integers(0, len(WHO_MET) * len(WHAT_SAID) * len(WHAT_NEXT) * 3, n),
        "need": need,
        "issue": issue,
        "closed": np.where(settles, closing, NEVER),
        "cost": np.where((state == DONE) & (mode == 0), cost * 100, 0).astype(np.int64),
    }
    return {k: v[order] for k, v in made.items()}


class VisitFeed:
    """The visits as the mobile office reports them."""

    feeds: ClassVar[tuple[str, ...]] = ("crm.visit",)

    def __init__(self, operator: Operator, groups: Groups, managers: Managers, v: Visits) -> None:
        self.operator, self.groups, self.managers, self.visits = operator, groups, managers, v
        self.met = _met(operator, groups, managers, v)
        self.told_in = in_months(v.told, operator.span)
        self.closed_in = in_months(v.closed, operator.span)
        self.phrases = [a + b + c for a in WHO_MET for b in WHAT_SAID for c in WHAT_NEXT]

    def of_month(self, t: int) -> Tables:
        v = self.visits
        new = (v.month == t) | (self.told_in == t) | ((self.closed_in == t) & (v.month < t))
        at = np.flatnonzero(new)
        _, end = window(self.operator.span[t])
        told = v.told[at] < end
        words = np.where(
            v.stock[at], v.words[at] % 3, len(STOCK_PHRASES) + v.words[at] % len(self.phrases)
        )
        yield (
            "crm.visit",
            pl.DataFrame(
                {
                    "visit_id": visit_ids(at),
                    "staff_id": labels(self.managers.ids, v.manager[at]),
                    "group_id": labels(self.groups.ids, v.group[at]),
                    "key_person_id": optional(
                        numbers("KP", self.met[at] + 1, 7),
                        self.met[at] != NONE,
                    ),
                    "visit_type": labels(TYPES, v.kind[at]),
                    "contact_mode": labels(MODES, v.mode[at]),
                    "purpose": labels(PURPOSES, v.purpose[at]),
                    "moment_code": _code(MOMENTS, v.moment[at]),
                    "planned_at": moments(v.planned[at]),
                    "state": labels(STATES, v.state[at]),
                    "checked_in_at": moments_by(v.arrived[at], end),
                    "checked_out_at": moments_by(v.left[at], end),
                    "travel_min": optional(pl.Series(v.travel[at]), v.arrived[at] < NEVER),
                    "feedback": optional(labels(STOCK_PHRASES + self.phrases, words), told),
                    "feedback_at": moments_by(v.told[at], end),
                    "need_type": optional(_code(NEEDS, v.need[at]), told),
                    "issue_kind": optional(_code(ISSUES, v.issue[at]), told),
                    "issue_closed_on": days_by(v.closed[at], end),
                    "cost_amt": v.cost[at],
                }
            ),
        )

    def truth(self) -> dict[str, Any]:
        """Nothing of its own: what managers are like is with the managers."""
        return {}


def _met(operator: Operator, groups: Groups, managers: Managers, v: Visits) -> np.ndarray:
    """The key person met on each visit (position), if one was: who is in the role on that day."""
    persons = draw_key_persons(operator, groups, managers)
    rng = operator.rng("met")
    order = np.argsort(persons.group, kind="stable")
    first = np.searchsorted(persons.group[order], np.arange(len(groups)))
    count = np.bincount(persons.group, minlength=len(groups))
    pick = first[v.group] + (rng.random(len(v)) * count[v.group]).astype(np.int64)
    who = order[np.minimum(pick, len(order) - 1)]
    day = v.planned // 86400
    there = (count[v.group] > 0) & (persons.recorded[who] <= day) & (persons.until[who] > day)
    # a successor whom nobody has called on yet is met by nobody
    there &= (persons.after[who] < 0) | (persons.followed[who] <= day)
    likely = 0.35 + 0.5 * managers.diligence[v.manager]
    there &= (v.told < NEVER) & (v.mode < 2) & (rng.random(len(v)) < likely)
    return np.where(there & ~managers.games[v.manager], who, NONE)


def _code(names: list[str], codes: np.ndarray) -> pl.Series:
    return labels([*names, None], np.where(codes == NONE, len(names), codes))
