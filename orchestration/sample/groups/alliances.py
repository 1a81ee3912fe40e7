"""The ledger of alliances: what is planned, run and invested together with group customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample.groups.customers import Groups
from orchestration.sample.operator import Operator
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, numbers

KINDS = ["consultative", "joint_project", "joint_investment", "equity"]
STAGES = ["planned", "running", "completed", "stopped"]
CONSULTATIVE, JOINT_PROJECT, JOINT_INVESTMENT, EQUITY = range(4)
PLANNED, RUNNING, COMPLETED, STOPPED = range(4)
#: share of the customers advised that have a project of their own for it
ADVISED = 0.7
FAR = 100_000


@dataclass(frozen=True)
class Alliances:
    """K projects, one position each; days are since 1970, ``FAR`` when never.

    ``total`` is what both sides invest when it begins, ``own`` our part, in hundredths of a yuan.
    An investment becomes a common holding in month ``bound_from`` (position in the span).
    """

    group: np.ndarray
    kind: np.ndarray
    started: np.ndarray
    planned_from: np.ndarray
    planned_end: np.ndarray
    ended: np.ndarray
    is_stopped: np.ndarray
    bound_from: np.ndarray
    total: np.ndarray
    own: np.ndarray

    def of_month(self, t: int, last: int, groups: Groups) -> pl.DataFrame:
        """Every project so far, as at the end (day ``last``) of month ``t``."""
        here = np.flatnonzero((self.planned_from <= last) & (groups.opens[self.group] <= t))
        begun, over = (self.started <= last)[here], (self.ended <= last)[here]
        stage = np.select([~begun, ~over, self.is_stopped[here]], [PLANNED, RUNNING, STOPPED])
        stage = np.where(begun & over & ~self.is_stopped[here], COMPLETED, stage)
        kind = np.where(self.bound_from <= t, EQUITY, self.kind)[here]
        own = np.where(begun, self.own[here], 0)
        return pl.DataFrame(
            {
                "project_id": numbers("AP", here + 1, 6),
                "group_id": pl.Series(groups.ids).gather(self.group[here]),
                "alliance_kind": labels(KINDS, kind),
                "project_stage": labels(STAGES, stage),
                "started_on": days(self.started[here]).set(pl.Series(~begun), None),
                "planned_end_on": days(self.planned_end[here]),
                "ended_on": days(self.ended[here]).set(pl.Series(~over), None),
                "own_amt": own,
                "partner_amt": np.where(begun, self.total[here], 0) - own,
            }
        )


def draw_alliances(
    operator: Operator,
    groups: Groups,
    stage: np.ndarray,
    stage_from: np.ndarray,
    invested: np.ndarray,
) -> Alliances:
    """The projects behind the ``stage`` that each group reaches in month ``stage_from``.

    What the customer file says was ``invested`` (yuan) is the sum of a group's projects: those
    with stage 2 invest it in the month they reach it, those with stage 3 had before, and hold it
    in common since then.
    """
    rng, n = operator.rng("alliances"), len(groups)
    start = np.datetime64(operator.span[0].first, "M")
    month = (start + stage_from).astype("datetime64[D]").astype(np.int64)
    first = day_number(operator.span[0].first)
    opened = groups.opened

    advised = np.flatnonzero(np.isin(stage, [1, 2]) & (rng.random(n) < ADVISED))
    # advice comes before the joint project it leads to
    ahead = np.where(stage[advised] == 2, rng.integers(150, 400, len(advised)), 0)
    begin = month[advised] + rng.integers(0, 28, len(advised)) - ahead
    until = np.where(stage[advised] == 2, month[advised] - 1, FAR)
    fits = opened[advised] < until
    advised, until = advised[fits], until[fits]
    begin = np.maximum(begin[fits], opened[advised])

    allied = np.flatnonzero(invested > 0)
    count = rng.integers(1, 4, len(allied))
    joint = np.repeat(allied, count)
    early = np.minimum(month[joint], first) - rng.integers(30, 900, len(joint))
    on = np.where(stage[joint] == 3, early, month[joint] + rng.integers(0, 28, len(joint)))
    on = np.maximum(on, opened[joint])
    weight = rng.uniform(0.5, 1.5, len(joint))
    whole = np.bincount(joint, weights=weight, minlength=n)
    total = np.rint(invested[joint] * 100 * weight / whole[joint]).astype(np.int64)
    # the first project of a group takes what rounding left over
    leads = np.concatenate([[True], joint[1:] != joint[:-1]]) if len(joint) else np.zeros(0, bool)
    rest = invested * 100 - np.bincount(joint, weights=total, minlength=n).astype(np.int64)
    total[leads] += rest[joint[leads]]
    kind = rng.choice([JOINT_PROJECT, JOINT_INVESTMENT], size=len(joint), p=[0.6, 0.4])
    kind[leads & (stage[joint] == 3)] = JOINT_INVESTMENT
    holds = (stage[joint] == 3) & (kind == JOINT_INVESTMENT)

    group = np.concatenate([advised, joint])
    kind = np.concatenate([np.full(len(advised), CONSULTATIVE), kind])
    started = np.maximum(np.concatenate([begin, on]), opened[group])
    bound = np.concatenate([np.zeros(len(advised), bool), holds])
    total = np.concatenate([np.zeros(len(advised), np.int64), total])
    term = rng.choice([365, 730, 1095], size=len(group), p=[0.4, 0.4, 0.2])
    planned_end = started + term
    ended = np.minimum(
        planned_end + rng.integers(-30, 90, len(group)),
        np.concatenate([until, np.full(len(joint), FAR)]),
    )
    stops = rng.random(len(group)) < 0.06
    ended = np.where(stops, started + term // 3, ended)
    # what is held in common has no end but the customer's
    ended = np.where(bound, FAR, ended)
    left = groups.lost_from[group]
    gone = np.where(
        left < len(operator.span),
        np.array([day_number(m.first) for m in operator.span])[
            np.minimum(left, len(operator.span) - 1)
        ],
        FAR,
    )
    stops = np.where(bound, False, stops) | (gone < ended)
    ended = np.maximum(np.minimum(ended, gone), started)
    planned_from = np.maximum(started - rng.integers(20, 120, len(group)), opened[group])
    return Alliances(
        group=group,
        kind=kind,
        started=started,
        planned_from=planned_from,
        planned_end=planned_end,
        ended=ended,
        is_stopped=stops,
        bound_from=np.where(bound, stage_from[group], FAR),
        total=total,
        own=np.rint(total * rng.uniform(0.3, 0.7, len(group))).astype(np.int64),
    )
