"""Calls forwarded: out of habit, for a while, or to the network one is about to go to."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.lives import OFF_NET, PORTED_OUT
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import labels, moments
from orchestration.sample.working_time import HOUR, moments_by

DAY = 86_400
FAR = 2**40


class CallForwarding:
    """``boss.call_forward_setting`` of a block.

    Some forward calls all the time, when busy or away, mostly within the network; those who are
    about to leave with their calls forwarded send them to the network they go to.
    """

    feeds: ClassVar[tuple[str, ...]] = ("boss.call_forward_setting",)

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        rng, lives, people = operator.rng("forwarding", block.number), block.lives, block.people
        n, span = len(people), operator.span
        firsts = np.array([day_number(m.first) for m in span])
        lasts = np.array([day_number(m.last) for m in span])
        out = np.isin(lives.status, [OFF_NET, PORTED_OUT])
        gone = np.where(
            out.any(axis=1), lives.status_since[np.arange(n), out.argmax(axis=1)], FAR // DAY
        )
        habit = np.flatnonzero(block.behaviour.uses_forwarding)
        habit_set = people.opened[habit] + rng.integers(1, 60, len(habit))
        brief = rng.choice(n, size=n // 40, replace=False)
        brief_set = rng.integers(firsts[0], lasts[-1], len(brief))
        jump = np.flatnonzero(lives.forwards.any(axis=1))
        month = lives.forwards[jump].argmax(axis=1)
        until = np.minimum(lasts[month], gone[jump] - 1)
        room = np.maximum(until - firsts[month], 0)
        jump_set = firsts[month] + (rng.random(len(jump)) * room * 0.6).astype(np.int64)
        who = np.concatenate([habit, brief, jump])
        sizes = [len(habit), len(brief), len(jump)]
        self.kind = np.repeat([0, 1, 2], sizes)
        day = np.concatenate([habit_set, brief_set, jump_set])
        ends = np.where(self.kind == 1, day + rng.integers(1, 12, len(who)), gone[who])
        ends = np.minimum(ends, gone[who])
        fits = (day > people.opened[who]) & (day < ends)
        order = np.flatnonzero(fits)
        order = order[np.lexsort((who[order], day[order]))]
        k = len(order)
        self.who, self.kind = who[order], self.kind[order]
        self.set = day[order] * DAY + rng.integers(7 * HOUR, 22 * HOUR, k)
        # whoever leaves is off the network by then: the setting ends in the small hours
        self.cancelled = ends[order] * DAY + rng.integers(0, 6 * HOUR, k)
        away = self.kind == 2
        self.type = np.where(away, 0, rng.choice(4, size=k, p=[0.1, 0.45, 0.3, 0.15]))
        usual = rng.choice(4, size=k, p=[0.72, 0.08, 0.08, 0.12])
        self.target = np.where(away, 1 + self.who % 2, usual)
        self.channel = rng.choice(4, size=k, p=[0.7, 0.08, 0.12, 0.1])
        self.number = rng.integers(0, 2**62, k)

    def of_month(self, made: BlockMonth) -> Tables:
        month = self.operator.span[made.t]
        first, end = day_number(month.first) * DAY, day_number(month.next.first) * DAY
        row = np.flatnonzero((self.set < end) & (self.cancelled >= first))
        stem = f"CF{self.block.number:03d}"
        yield (
            "boss.call_forward_setting",
            pl.DataFrame(
                {
                    "setting_id": pl.Series([f"{stem}{i:07d}" for i in row + 1], dtype=pl.String),
                    "subscriber_id": self.block.ids.gather(self.who[row]),
                    "forward_type": labels(
                        ["always", "busy", "no_reply", "unreachable"], self.type[row]
                    ),
                    "target_network": labels(["own", "op_b", "op_c", "fixed"], self.target[row]),
                    "target_hash": pl.Series(
                        [f"{d:016x}" for d in self.number[row]], dtype=pl.String
                    ),
                    "set_at": moments(self.set[row]),
                    "cancelled_at": moments_by(self.cancelled[row], end),
                    "set_channel": labels(["handset", "hall", "hotline", "app"], self.channel[row]),
                }
            ),
        )

    def truth(self) -> dict[str, Any]:
        return {}
