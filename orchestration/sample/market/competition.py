"""Feeds about the market: what competitors have with group customers, sell and where."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.channel.outlets import OUTLET_TYPES, draw_outlets
from orchestration.sample.groups.customers import NEVER, draw_groups
from orchestration.sample.groups.portfolio import BUSINESS_KINDS, COMMUNICATION, SUPPORT
from orchestration.sample.lives import CAMPAIGN_ABOVE, CAMPAIGN_PERIOD
from orchestration.sample.market.rivals import COMPETITORS, draw_rivals
from orchestration.sample.operator import Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels
from orchestration.sample.work.managers import draw_managers
from orchestration.sample.working_time import WorkingTime

STAGES = ["identified", "contacted", "interested", "negotiating", "won", "lost"]
WON_STAGE = STAGES.index("won")
ACTIONS = ["visit", "offer", "trial", "executive_visit", "wait_for_expiry", "none"]
SOURCES = ["visit", "key_person", "tender", "survey", "network_data"]
CONFIDENCE = ["high", "medium", "low"]
SERVICES = [
    ["虚拟网", "互联网专线", "企业固话"],
    ["移动办公", "物联网平台", "视频监控"],
    ["系统集成", "代维服务", "云主机托管"],
]
#: own products that competitors sell against, with what quality those have, 0 to 10
RIVALLED = ["T018", "T038", "T058", "T088", "T128", "T188", "D010", "D050", "G101", "G202", "G401"]
#: the month of the quarter's census is its last; the day
CENSUS_DAY = 20
PER_OWN_LINE = 1.12


class Competition:
    """What managers, mystery shoppers and market research bring home."""

    feeds: ClassVar[tuple[str, ...]] = (
        "competitor.intelligence",
        "competitor.tariff",
        "competitor.outlet_census",
        "market.area",
    )

    def __init__(self, operator: Operator) -> None:
        self.operator, self.span, self.places = operator, operator.span, operator.places
        self.groups = draw_groups(operator)
        self.rivals = draw_rivals(operator, self.groups)
        self.diligence = draw_managers(operator).diligence
        self.time = WorkingTime(operator.span)
        rng = operator.rng("competition")
        self.uses = np.argwhere(self.rivals.uses)
        k = len(self.uses)
        self.offset, self.service = rng.integers(0, 6, k), rng.integers(0, 3, k)
        self.told, self.patience = rng.random(k), rng.random(k)
        self.spend = np.exp(0.35 * rng.standard_normal(k))
        areas = len(self.places.area_ids)
        self.quality = rng.uniform(6.5, 9.2, (3, len(RIVALLED)))
        self.price = rng.uniform(0.86, 1.12, (2, len(RIVALLED)))
        self.on_sale = day_number(self.span[0].first) - rng.integers(30, 1500, (2, len(RIVALLED)))
        self.outlets = draw_outlets(operator)
        self.rival_outlets = rng.uniform(0.35, 0.95, (areas, 2, 3))
        self.service_level = rng.normal(0, 2.5, (areas, 3))
        villages = 420 * self.places.weight * rng.uniform(0.7, 1.5, areas)
        self.villages = np.maximum(np.rint(villages), 4)
        self.uncovered = rng.uniform(0.03, 0.35, areas)
        self.people = rng.uniform(0.92, 1.06, areas)

    def of_month(self, t: int) -> Tables:
        yield "competitor.intelligence", self._intelligence(t)
        yield "competitor.tariff", self._tariffs(t)
        yield "competitor.outlet_census", self._census(t)
        yield "market.area", self._areas(t)

    def truth(self) -> dict[str, Any]:
        """``winnable_groups``: whose one tie to a competitor is so weak that they can be won when
        the contract ends; ``won_in`` is the month for those who are, else null.
        """
        r = self.rivals
        return {
            "winnable_groups": [
                {
                    "group_id": self.groups.ids[i],
                    "competitor": COMPETITORS[r.mainly[i]],
                    "business_kind": BUSINESS_KINDS[int(np.argmax(r.uses[i, r.mainly[i]]))],
                    "won_in": self.span[r.won_in[i]].period if r.won_in[i] < NEVER else None,
                }
                for i in np.flatnonzero(r.winnable)
            ]
        }

    def _intelligence(self, t: int) -> pl.DataFrame:
        """A diligent manager asks every quarter, others twice a year; news come at once."""
        g, r, month = self.groups, self.rivals, self.span[t]
        rng = self.operator.rng("intelligence", t)
        group, rival, kind = self.uses.T
        manager = g.manager_in(self.operator, t)[group]
        every = np.where(self.diligence[manager] > 0.6, 3, 6)
        since = t - r.won_in[group]
        there = (g.opens[group] <= t) & (since <= 1)
        told = ((t + self.offset) % every == 0) | (since == 0)
        pick = np.flatnonzero(there & told)
        noise = rng.standard_normal((2, len(self.uses)))[:, pick]
        group, rival, kind, manager = group[pick], rival[pick], kind[pick], manager[pick]
        count, last = len(pick), day_number(month.last)
        sure = np.digitize(self.told[pick] + 0.5 * self.diligence[manager], [0.6, 1.05])
        doubt = np.array([0.5, 0.25, 0.08])[sure]

        won = since[pick] >= 0
        share = r.shares(g, t)[group, rival]
        lines = g.employees[group] * np.where(kind == COMMUNICATION, share, 0.25)
        lines = np.where(kind == SUPPORT, 0, lines * np.exp(doubt * noise[0]))
        lines = np.where(won, 0, np.maximum(np.rint(lines), kind < SUPPORT)).astype(np.int64)
        price = np.array([62.0, 24.0, 0.0])[kind]
        once = np.where(kind == SUPPORT, 0.18 * g.spends[group], 0.0)
        spend = (lines * price + once) * self.spend[pick] * np.exp(0.5 * doubt * noise[1])
        spend = np.where(won, 0, np.rint(spend)).astype(np.int64)
        minutes = np.where(kind == COMMUNICATION, lines * 190.0 * np.exp(doubt * noise[0]), 0)
        ends = r.ends(last)[group, rival, kind]
        ends_known = ~won & (self.told[pick] < 0.35 + 0.6 * self.diligence[manager])
        stage = self._stage(t, pick, ends - last)
        action = np.select(
            [won, stage == 3, stage == 2, ends - last > 240, stage == 5],
            [5, 1, 2, 4, 5],
            (pick + t) % 2 * 3,
        )
        business_days = self.time.month(month)
        day = business_days[rng.integers(0, len(business_days), count)]
        again = np.minimum(ends - 60, last + 45)
        plans = action < 5
        stem = f"CI{month.first:%Y%m}"
        return pl.DataFrame(
            {
                "intelligence_id": pl.Series(
                    [f"{stem}{i:05d}" for i in range(1, count + 1)], dtype=pl.String
                ),
                "group_id": pl.Series(g.ids).gather(group),
                "competitor": labels(COMPETITORS, rival),
                "business_kind": labels(BUSINESS_KINDS, kind),
                "service_name": labels(
                    [s for kinds in SERVICES for s in kinds], kind * 3 + self.service[pick]
                ),
                "line_cnt": lines,
                "monthly_spend_amt": spend * 100,
                "monthly_volume_min": np.rint(minutes * 100).astype(np.int64),
                "contract_ends_on": days(ends).set(pl.Series(~ends_known), None),
                "customer_stage": labels(STAGES, stage),
                "next_action": labels(ACTIONS, action),
                "next_action_on": days(np.maximum(again, last + 3)).set(pl.Series(~plans), None),
                "source": labels(SOURCES, rng.choice(5, count, p=[0.5, 0.2, 0.06, 0.14, 0.1])),
                "confidence": labels(CONFIDENCE, 2 - sure),
                "collected_on": days(day),
                "collected_by": labels(self.places.manager_ids, manager),
            }
        )

    def _stage(self, t: int, pick: np.ndarray, left: np.ndarray) -> np.ndarray:
        """How far winning each has got. Managers try wherever a contract ends soon and hope is
        cheap; who is really won is not told by the stage before.
        """
        since = t - self.rivals.won_in[self.uses[pick, 0]]
        hope = self.patience[pick]
        close = np.select([left < 60, left < 150, left < 270], [3, 2, 1], 0)
        stage = np.minimum(close, np.where(hope < 0.25, 1, np.where(hope < 0.5, 2, 3)))
        stage = np.where((left > 300) & (hope > 0.8), 5, stage)
        return np.where(since >= 0, WON_STAGE, stage)

    def _tariffs(self, t: int) -> pl.DataFrame:
        month, p = self.span[t], {r["product_id"]: r for r in self.places.products}
        rival, product = np.divmod(np.arange(2 * len(RIVALLED)), len(RIVALLED))
        own = np.array([float(p[i]["list_fee_amt"]) for i in RIVALLED])[product]
        # operator B lowers what ordinary people pay when its campaign begins
        cheap = (rival == 0) & (product < 4) & (month.period >= CAMPAIGN_PERIOD)
        fee = np.rint(own * self.price[rival, product] * np.where(cheap, 0.82, 1.0))
        fee = np.maximum(fee, 1)
        voice = np.array([i.startswith("T") for i in RIVALLED])[product]
        data = np.array([i.startswith(("T", "D")) for i in RIVALLED])[product]
        drift = 0.15 * np.sin(t / 5 + np.arange(len(rival)))
        pairs = [(c[-1].upper(), i) for c in COMPETITORS for i in RIVALLED]
        names = [f"{p[i]['product_name']}竞品{c}" for c, i in pairs]
        ids = [f"CT-{c}-{i}" for c, i in pairs]
        return pl.DataFrame(
            {
                "tariff_id": ids,
                "competitor": labels(COMPETITORS, rival),
                "tariff_name": names,
                "own_product_id": labels(list(RIVALLED), product),
                "monthly_fee_amt": (fee * 100).astype(np.int64),
                "own_monthly_fee_amt": (own * 100).astype(np.int64),
                "included_min": pl.Series((own * 460).astype(np.int64)).set(
                    pl.Series(~voice), None
                ),
                "included_mb": pl.Series((own * 26_000).astype(np.int64)).set(
                    pl.Series(~data), None
                ),
                "quality_score": np.round((self.quality[rival, product] + drift).clip(0, 10), 2),
                "own_quality_score": np.round(self.quality[2, product], 2),
                "on_sale_from": days(self.on_sale[rival, product]),
                "surveyed_on": days(np.full(len(rival), self._surveyed(t))),
            }
        )

    def _surveyed(self, t: int) -> int:
        """The day of the last quarterly survey at the end of month ``t``."""
        first = self.span[t].first
        year, month = divmod(first.year * 12 + first.month - 1 - first.month % 3, 12)
        return day_number(date(year, month + 1, CENSUS_DAY))

    def _census(self, t: int) -> pl.DataFrame:
        """Own outlets as they are, those of competitors in proportion; scores of few visits."""
        areas, day = len(self.places.area_ids), self._surveyed(t)
        rng = self.operator.rng("census", self._surveyed(t))
        o = self.outlets
        there = (o.opened <= day) & (o.closed > day)
        kinds = np.select([o.dealer < 0, o.kind == OUTLET_TYPES.index("exclusive_shop")], [0, 1], 2)
        own = np.zeros((areas, 3), np.int64)
        np.add.at(own, (o.area[there], kinds[there]), 1)
        factor = self.places.churn_factor
        push = 1 + 0.25 * (factor > CAMPAIGN_ABOVE) * (self.span[t].period >= CAMPAIGN_PERIOD)
        rivals = np.rint(own[:, None, :] * self.rival_outlets * push[:, None, None])
        counts = np.concatenate([own[:, None, :], rivals.astype(np.int64)], axis=1)
        visits = rng.integers(0, 6, (areas, 3))
        usual = 86 - 2.2 * np.log(factor)[:, None] * np.array([1, -0.6, -0.2])[None, :]
        score = usual + self.service_level - np.array([0, 2.0, 3.5])[None, :]
        luck = rng.normal(0, 5, (areas, 3)) / np.sqrt(np.maximum(visits, 1))
        score = (score + luck).clip(40, 100)
        wait = (rng.gamma(5, 1.5, (areas, 3)) * 100).astype(np.int64)
        none = pl.Series((visits == 0).ravel())
        return pl.DataFrame(
            {
                "area_id": labels(self.places.area_ids, np.repeat(np.arange(areas), 3)),
                "operator": labels(["own", *COMPETITORS], np.tile(np.arange(3), areas)),
                "hall_cnt": counts[:, :, 0].ravel(),
                "exclusive_cnt": counts[:, :, 1].ravel(),
                "agent_cnt": counts[:, :, 2].ravel(),
                "mystery_score": pl.Series(np.round(score, 2).ravel()).set(none, None),
                "visit_cnt": visits.ravel(),
                "wait_min": pl.Series(wait.ravel()).set(none, None),
                "surveyed_on": days(np.full(3 * areas, day)),
            }
        )

    def _areas(self, t: int) -> pl.DataFrame:
        places, areas, day = self.places, len(self.places.area_ids), self._surveyed(t)
        rng = self.operator.rng("market", self._surveyed(t))
        factor = places.churn_factor
        pushed = (factor > CAMPAIGN_ABOVE) & (self.span[t].period >= CAMPAIGN_PERIOD)
        share = (0.74 - 0.09 * factor - 0.05 * pushed).clip(0.3, 0.8)
        own = np.rint(
            0.93 * self.operator.scale.subscribers * places.weight * rng.uniform(0.99, 1.01, areas)
        )
        market = np.rint(own / share)
        b = np.rint((market - own) * np.where(pushed, 0.72, 0.62))
        people = np.rint(own / (0.74 - 0.09 * factor).clip(0.3) / PER_OWN_LINE * self.people)
        covered = np.rint(self.villages * (1 - self.uncovered * 0.985**t))
        whole = {
            "population_cnt": people,
            "household_cnt": np.rint(people / 2.9),
            "village_cnt": self.villages,
            "covered_village_cnt": np.minimum(covered, self.villages),
            "enterprise_cnt": np.rint(people * 0.021),
            "market_line_cnt": market,
            "own_line_cnt": own,
            "op_b_line_cnt": b,
            "op_c_line_cnt": market - own - b,
        }
        return pl.DataFrame(
            {
                "area_id": places.area_ids,
                **{k: v.astype(np.int64) for k, v in whole.items()},
                "estimated_on": days(np.full(areas, day)),
            }
        )
