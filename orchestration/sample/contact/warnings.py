"""Warnings of customers about to leave, and what account managers make of them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.lives import ON_NET
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import NO_MANAGER, day_number
from orchestration.sample.tables import labels, moments, numbered
from orchestration.sample.work.managers import draw_managers
from orchestration.sample.working_time import HOUR, WorkingTime, moments_by, optional

DAY = 86_400
FAR = 2**40


class WarningFeedback:
    """``crm.warning_feedback`` of a block: answered sooner by the diligent."""

    feeds: ClassVar[tuple[str, ...]] = ("crm.warning_feedback",)

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        self.managers = draw_managers(operator)
        self.time = WorkingTime(operator.span)

    def of_month(self, made: BlockMonth) -> Tables:
        answers = self._warnings(made).sort("warned_at", "subscriber_id", "warning_phase")
        stem = f"WF{self.operator.span[made.t].first:%Y%m}{self.block.number:03d}"
        number = numbered(stem, answers.height, 6).alias("feedback_id")
        yield "crm.warning_feedback", answers.select(number, pl.all())

    def truth(self) -> dict[str, Any]:
        return {}

    def _warnings(self, made: BlockMonth) -> pl.DataFrame:
        """Warnings the managers got and what they did; they notice a false alarm if diligent."""
        lives, t = self.block.lives, made.t
        rng = self.operator.rng("warning_feedback", t, self.block.number)
        month = self.operator.span[t]
        end = day_number(month.next.first) * DAY
        managed = made.here[lives.manager[made.here, t] != NO_MANAGER]
        on = managed[(lives.status[managed, t] == ON_NET) & (lives.since[managed, t] == 1)]
        fades = (lives.fading[on, t] >= 0) | lives.forwards[on, t]
        raised = rng.random(len(on)) < np.where(fades, 0.6, 0.012)
        warned, true = on[raised], fades[raised]
        days = self.time.month(month)
        at = days[rng.integers(0, max(len(days) * 2 // 3, 1), len(warned))] * DAY + 8 * HOUR
        left, when = lives.left_in(t)
        known = lives.manager[left, t] != NO_MANAGER
        left, when = left[known], when[known]
        notice = when + rng.integers(600, 4 * HOUR, len(left))
        timely = notice < end
        who = np.concatenate([warned, left[timely]])
        sent = np.concatenate([at, notice[timely]])
        after = np.arange(len(who)) >= len(warned)
        real = np.concatenate([true, np.ones(int(timely.sum()), bool)])
        k, manager = len(who), lives.manager[who, t].astype(np.int64)
        zeal = self.managers.diligence[manager]
        seen = rng.random(k) < 0.35 + 0.65 * zeal
        lag = rng.gamma(1.3, 1.0, k) * (1.25 - zeal) ** 2 * 24
        read = np.where(seen, self.time.after(sent, lag * HOUR), FAR)
        works = seen & (rng.random(k) < 0.2 + 0.8 * zeal)
        acted = np.where(
            works, self.time.after(np.minimum(read, end), rng.gamma(1.5, 4.0, k) * HOUR), FAR
        )
        acted = np.where(read < end, acted, FAR)
        knows = rng.random(k) < 0.4 + 0.5 * zeal
        # of real ones the manager keeps, as he sees it, four in ten
        guess = np.where(real, rng.random(k) < 0.6, 2)
        result = np.where(after, 1, np.where(knows, guess, 3)).astype(np.int64)
        action = np.where(
            result == 2, 3, np.searchsorted([0.25, 0.75], rng.random(k), side="right")
        )
        closed = np.where(
            acted < end,
            self.time.after(np.minimum(acted, end), rng.gamma(1.5, 12.0, k) * HOUR),
            FAR,
        )
        return pl.DataFrame(
            {
                "subscriber_id": self.block.ids.gather(who),
                "warning_phase": labels(["during", "after"], after.astype(np.int64)),
                "warned_at": moments(sent),
                "staff_id": labels(self.operator.places.manager_ids, manager),
                "acknowledged_at": moments_by(read, end),
                "action_code": optional(
                    labels(["visit", "call", "offer", "none_needed"], action), acted < end
                ),
                "acted_at": moments_by(acted, end),
                "outcome_code": optional(
                    labels(["stays", "leaves", "false_alarm", "unknown"], result), closed < end
                ),
                "closed_at": moments_by(closed, end),
            }
        )
