"""What the network knows of calls: whom they went to, where they were made, where they began."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.channel.openings import place_openings
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import NO_MANAGER, day_number
from orchestration.sample.tables import labels, moments

NETWORKS = ["own", "op_b", "op_c", "fixed"]
PROVINCES = [f"P{i:02d}" for i in range(1, 31)]
SPLITS = ["network", "called_province", "visited_province"]
DEVICES = ["smartphone", "feature_phone", "modem"]
FIRST_USES = ["voice", "sms", "data"]
#: share of subscribers whose nights are spent in another area than the one they are registered in
ELSEWHERE = 0.03
#: minutes (hundredths) of an ordinary call
CALL = 180
#: numbers raised for a commission share a device, about so many each
ON_ONE_DEVICE = 12


class Mediation:
    """``mediation.usage_destination``, ``usage_area`` and ``first_use`` of a block."""

    feeds: ClassVar[tuple[str, ...]] = (
        "mediation.usage_destination",
        "mediation.usage_area",
        "mediation.first_use",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        rng, n = operator.rng("mediation", block.number), len(block.people)
        self.shares = rng.gamma([2.2, 1.6, 0.7], size=(n, 3))
        common = 1.0 / np.arange(3, len(PROVINCES) + 3)
        first = rng.choice(len(PROVINCES), size=n, p=common / common.sum())
        second = first + rng.integers(1, 15, n)
        third = second + rng.integers(1, 15, n)
        self.called = np.stack([first, second, third], axis=1) % len(PROVINCES)
        self.concentration = rng.beta(4, 2, n)
        areas, county = len(operator.places.area_ids), operator.places.county_of
        self.elsewhere = rng.random(n) < ELSEWHERE
        # two places a day at most: home, and for some a place of work, in the same county
        step = np.stack([rng.integers(0, areas, n), rng.integers(0, areas, n)])
        inside = [np.flatnonzero(county == c) for c in range(county.max() + 1)]
        self.other = np.empty((2, n), np.int64)
        home = block.lives.area[:, 0]
        for c, choice in enumerate(inside):
            here = county[home] == c
            self.other[:, here] = choice[step[:, here] % len(choice)]
        self.works_away = rng.random(n) < 0.2
        self.rural_area = rng.beta(1.2, 1.4, areas)
        self.rural = rng.random(n)
        self.sold = place_openings(operator, block)
        self.device = rng.integers(0, 2**62, n)

    def of_month(self, made: BlockMonth) -> Tables:
        yield "mediation.usage_destination", self._destinations(made)
        yield "mediation.usage_area", self._areas(made)
        yield "mediation.first_use", self._first_use(made.t)

    def truth(self) -> dict[str, Any]:
        """``lives_elsewhere``: subscribers whose home, by their nights, is another area than that
        of the customer file, in the last month they were there.
        """
        people, lives, places = self.block.people, self.block.lives, self.operator.places
        last = lives.area[:, -1]
        home = self._home(len(self.operator.span) - 1)
        found = np.flatnonzero(home != last)
        return {
            "lives_elsewhere": [
                {"subscriber_id": people.subscriber_id[i], "area_id": places.area_ids[home[i]]}
                for i in found
            ]
        }

    def _home(self, t: int) -> np.ndarray:
        """Area in which each spends the nights."""
        registered = self.block.lives.area[:, t].astype(np.int64)
        return np.where(self.elsewhere, self.other[0], registered)

    def _destinations(self, made: BlockMonth) -> pl.DataFrame:
        t, lives = made.t, self.block.lives
        rng = self.operator.rng("destinations", t, self.block.number)
        at = np.flatnonzero(lives.manager[made.here, t] != NO_MANAGER)
        who = made.here[at]
        usage = {name: made.usage[name][at].astype(np.int64) for name in made.usage}
        offnet = usage["voice_offnet_min"]
        # who is about to leave talks more and more within the network to go to
        shares = self.shares[who].copy()
        goes = lives.fading[who, t] >= 0
        shares[goes, who[goes] % 2] *= 2.5
        split = _split(offnet, shares)
        minutes = [np.column_stack([usage["voice_out_min"] - offnet, split])]
        codes = [np.broadcast_to(np.arange(4), minutes[0].shape)]
        c = self.concentration[who]
        weights = np.column_stack([c, 0.7 * (1 - c), 0.3 * (1 - c)])
        minutes.append(_split(usage["voice_long_distance_min"], weights))
        codes.append(self.called[who])
        same = (rng.random(len(who)) < 0.6)[:, None]
        visited = np.where(same, self.called[who, :2], (self.called[who, :2] + 7) % len(PROVINCES))
        stays = np.column_stack([np.full(len(who), 0.8), rng.random(len(who)) < 0.2])
        minutes.append(_split(usage["voice_roaming_min"], stays))
        codes.append(visited)
        kind = np.concatenate([np.full(m.size, i) for i, m in enumerate(minutes)])
        row = np.concatenate([np.repeat(np.arange(len(who)), m.shape[1]) for m in minutes])
        code = np.concatenate([x.ravel() for x in codes]) + np.where(kind > 0, len(NETWORKS), 0)
        amount = np.concatenate([m.ravel() for m in minutes])
        keep = amount > 0
        kind, row, code, amount = kind[keep], row[keep], code[keep], amount[keep]
        calls = 1 + rng.poisson(amount / CALL)
        numbers = 1 + rng.binomial(calls - 1, np.where(kind == 2, 0.5, 0.35))
        day = np.minimum(calls, np.maximum(usage["active_days"][row], 1))
        return pl.DataFrame(
            {
                "subscriber_id": self.block.ids.gather(who[row]),
                "split_type": labels(SPLITS, kind),
                "destination_code": labels([*NETWORKS, *PROVINCES], code),
                "voice_min": amount,
                "call_cnt": calls,
                "called_number_cnt": numbers,
                "active_days": day,
            }
        )

    def _areas(self, made: BlockMonth) -> pl.DataFrame:
        t = made.t
        rng = self.operator.rng("usage_area", t, self.block.number)
        at = np.flatnonzero(made.usage["active_days"] > 0)
        who, k = made.here[at], len(at)
        voice = (made.usage["voice_out_min"] - made.usage["voice_roaming_min"])[at].astype(np.int64)
        roams = made.usage["voice_roaming_min"][at] / np.maximum(made.usage["voice_out_min"][at], 1)
        data = (made.usage["data_mb"][at] * (1 - roams)).astype(np.int64)
        active = made.usage["active_days"][at].astype(np.int64)
        home, work = self._home(t)[who], self.other[1][who]
        away = self.works_away[who] & (work != home) & (active > 2)
        there = np.where(away, (active * rng.uniform(0.3, 0.7, k)).astype(np.int64).clip(1), 0)
        share = np.where(away, rng.uniform(0.25, 0.6, k), 0.0)
        parts = []
        for away_rows, area in ((False, home), (True, work)):
            pick = np.flatnonzero(away) if away_rows else np.arange(k)
            said, loaded = (voice * share).astype(np.int64), (data * share).astype(np.int64)
            if not away_rows:
                said, loaded = voice - said, data - loaded
            # days of the two places overlap: one sleeps at home after a day of work
            stays = there if away_rows else np.maximum(active - there // 3, 1)
            night = rng.binomial(stays, 0.05 if away_rows else 0.8)
            place = area[pick]
            parts.append(
                pl.DataFrame(
                    {
                        "subscriber_id": self.block.ids.gather(who[pick]),
                        "area_id": labels(self.operator.places.area_ids, place),
                        "active_days": stays[pick],
                        "night_days": night[pick],
                        "voice_min": said[pick],
                        "data_mb": loaded[pick],
                        "cell_cnt": 1 + rng.poisson(stays[pick] * 0.25),
                        "is_rural": self.rural[who[pick]] < self.rural_area[place],
                    }
                )
            )
        return pl.concat(parts)

    def _first_use(self, t: int) -> pl.DataFrame:
        sold, block = self.sold, self.block
        rng = self.operator.rng("first_use", t, block.number)
        first = day_number(self.operator.span[t].first) * 86_400
        end = day_number(self.operator.span[t].next.first) * 86_400
        new = block.people.opens >= 0
        who = np.flatnonzero(new & (sold.first_used >= first) & (sold.first_used < end))
        who = who[np.lexsort((who, sold.first_used[who]))]
        fake = sold.fake[who]
        outside = (rng.random(len(who)) < 0.015) & ~fake & ~sold.across[who]
        area = np.where(outside, len(self.operator.places.area_ids), sold.first_use_area[who])
        # whoever raises numbers puts one card after the other into the same few devices
        shared = sold.outlet[who] * 1_000 + np.cumsum(fake) // ON_ONE_DEVICE
        device = np.where(fake, shared * 2_654_435_761 % 2**62, self.device[who])
        kind = np.where(fake, 1, rng.choice(3, size=len(who), p=[0.8, 0.17, 0.03]))
        return pl.DataFrame(
            {
                "subscriber_id": block.ids.gather(who),
                "first_used_at": moments(sold.first_used[who]),
                "area_id": labels([*self.operator.places.area_ids, None], area),
                "first_use_type": labels(
                    FIRST_USES, rng.choice(3, size=len(who), p=[0.45, 0.1, 0.45])
                ),
                "is_outside_province": outside,
                "device_type_code": labels(DEVICES, kind),
                "device_hash": pl.Series([f"{d:016x}" for d in device], dtype=pl.String),
            }
        )


def _split(total: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Whole parts of each total by weight; the parts of a row add up to it exactly."""
    bounds = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    return np.diff((total[:, None] * bounds).astype(np.int64), axis=1, prepend=0)
