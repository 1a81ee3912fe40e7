"""Points earned, redeemed and expired."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.contact.campaigns import plan_campaigns
from orchestration.sample.lives import ON_NET
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import labels, moments, numbered
from orchestration.sample.working_time import HOUR

DAY = 86_400


class Points:
    """``points.movement`` of a block: the two better brands earn a point for each yuan."""

    feeds: ClassVar[tuple[str, ...]] = ("points.movement",)

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        rng, people = operator.rng("points", block.number), block.people
        self.member = people.brand < 2
        start = day_number(operator.span[0].first)
        tenure = np.maximum(start - people.opened, 0) / 30.4
        spent = 66 * np.exp(0.66 * people.worth) * np.minimum(tenure, 18)
        self.balance = (spent * rng.uniform(0.2, 0.9, len(people))).astype(np.int64)
        self.balance[~self.member] = 0
        self.keen = rng.beta(1.2, 12, len(people))
        self.drives = {c.t for c in plan_campaigns(operator) if c.what[0] == "points"}

    def of_month(self, made: BlockMonth) -> Tables:
        rng, t = self.operator.rng("points_month", made.t, self.block.number), made.t
        month, lives = self.operator.span[t], self.block.lives
        first, last = day_number(month.first), day_number(month.last)
        ids, here = self.block.ids, made.here
        stays = here[lives.status[here, t] == ON_NET]
        member = stays[self.member[stays] & (lives.since[stays, t] == 1)]
        chance = self.keen[member] * (3.0 if t in self.drives else 1.0) * 0.6
        buys = member[(rng.random(len(member)) < chance) & (self.balance[member] >= 500)]
        share = rng.choice([0.3, 0.6, 0.95], size=len(buys))
        used = (self.balance[buys] * share).astype(np.int64) // 100 * 100
        used = np.maximum(used, 500)
        self.balance[buys] -= used
        when = (first + rng.integers(0, last - first, len(buys))) * DAY
        when = when + rng.integers(8 * HOUR, 21 * HOUR, len(buys))
        what = rng.choice(3, size=len(buys), p=[0.35, 0.4, 0.25])
        if t in self.drives:
            what = np.where(rng.random(len(buys)) < 0.6, 2, what)
        channel = rng.choice(4, size=len(buys), p=[0.25, 0.15, 0.45, 0.15])
        parts = [
            _movements(ids, buys, when, "redeem", (-used, self.balance[buys])).with_columns(
                labels(["gift", "airtime", "data_pack"], what).alias("reason_code"),
                # a hundred points are worth about one yuan and a half
                pl.Series("value_amt", used * 3 // 2),
                labels(["hall", "hotline", "app", "web"], channel).alias("redeem_channel"),
            )
        ]
        billed = np.zeros(len(self.block.people), np.int64)
        billed[here] = made.bill["billed_amt"]
        earns = member[billed[member] >= 100]
        points = billed[earns] // 100
        self.balance[earns] += points
        night = last * DAY + 22 * HOUR + rng.integers(0, HOUR, len(earns))
        parts.append(_movements(ids, earns, night, "earn", (points, self.balance[earns])))
        if month.first.month == 12:
            old = member[self.balance[member] > 3000]
            lost = self.balance[old] // 5
            self.balance[old] -= lost
            midnight = np.full(len(old), last * DAY + 23 * HOUR + 1800)
            expired = _movements(ids, old, midnight, "expire", (-lost, self.balance[old]))
            parts.append(expired.with_columns(pl.lit("old_points").alias("reason_code")))
        table = pl.concat(parts)
        stem = f"PM{month.first:%Y%m}{self.block.number:03d}"
        yield (
            "points.movement",
            table.select(numbered(stem, table.height, 7).alias("movement_id"), pl.all()),
        )

    def truth(self) -> dict[str, Any]:
        return {}


def _movements(
    ids: pl.Series, who: np.ndarray, second: np.ndarray, kind: str, by: tuple[np.ndarray, ...]
) -> pl.DataFrame:
    """Rows of one kind of movement; ``by`` are the points moved and the balance after it."""
    points, balance = by
    return pl.DataFrame(
        {
            "subscriber_id": ids.gather(who),
            "moved_at": moments(second),
            "movement_type": pl.Series([kind] * len(who), dtype=pl.String),
            "points_cnt": points,
            "balance_cnt": balance,
            "reason_code": pl.Series(["consumption"] * len(who), dtype=pl.String),
            "value_amt": np.zeros(len(who), np.int64),
            "redeem_channel": pl.Series([None] * len(who), dtype=pl.String),
        }
    )
