"""Feeds of the group customer file: customers, catalogue, contracts, instances, lists."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.groups.alliances import draw_alliances
from orchestration.sample.groups.customers import (
    BUSINESS_SHRINKS,
    DROP_REASONS,
    INDUSTRIES,
    NEVER,
    draw_groups,
)
from orchestration.sample.groups.portfolio import (
    BUSINESS_KINDS,
    END_REASONS,
    PRODUCTS,
    draw_portfolio,
)
from orchestration.sample.lives import HANDOVER_FROM, HANDOVER_PERIOD
from orchestration.sample.operator import Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels

TIERS = ["platinum", "gold", "silver", "standard"]
ALLIANCES = ["none", "consultative", "joint_project", "equity"]
CREDIT = ["a", "b", "c", "d"]
CONTROLS = ["province", "city", "county"]
#: use per yuan of fee, by unit
VOLUME = {"min": 9.0, "message": 14.0, "mb": 30.0, "hour": 0.02}


class GroupMaster:
    """What the customer file knows of group customers, and what they use."""

    feeds: ClassVar[tuple[str, ...]] = (
        "crm.group_customer",
        "crm.group_product",
        "crm.group_contract",
        "crm.product_instance",
        "crm.customer_list",
        "crm.alliance_project",
    )

    def __init__(self, operator: Operator) -> None:
        self.operator, self.span, self.places = operator, operator.span, operator.places
        self.groups = draw_groups(operator)
        self.portfolio = draw_portfolio(operator, self.groups)
        rng, n = operator.rng("group_master"), len(self.groups)
        months = len(self.span)
        rank = np.argsort(np.argsort(-self.groups.spends))
        tier = np.select([rank < 0.03 * n, rank < 0.1 * n, rank < 0.3 * n], [0, 1, 2], 3)
        self.entitled = tier
        self.chosen = (tier + rng.choice([-1, 0, 1], size=n, p=[0.1, 0.75, 0.15])).clip(0, 3)
        self.chosen_from = np.where(rng.random(n) < 0.6, rng.integers(-12, months, n), NEVER)
        close = 0.8 * self.groups.worth + rng.standard_normal(n)
        self.alliance = np.select([close > 2.6, close > 1.7, close > 0.2], [3, 2, 1], 0)
        self.alliance_from = rng.integers(-24, months, n)
        self.invested = np.where(
            self.alliance >= 2, np.rint(self.groups.spends * rng.uniform(1, 6, n)), 0
        ).astype(np.int64)
        self.projects = draw_alliances(
            operator, self.groups, self.alliance, self.alliance_from, self.invested
        )
        wants = 0.6 * self.groups.worth + 0.8 * rng.standard_normal(n)
        self.ict = np.clip(np.round(2.8 + 1.0 * wants), 1, 5).astype(np.int64)
        bad = self.groups.bad_from < NEVER
        credit = rng.standard_normal(n) + 0.5 * self.groups.worth - 1.2 * bad
        self.credit = np.select([credit > 0.4, credit > -0.9, credit > -1.8], [0, 1, 2], 3)
        self.tidy = rng.random(n) < 0.85
        self.audited_every = rng.integers(4, 13, n)
        self.audit_offset = rng.integers(0, 12, n)

    def of_month(self, t: int) -> Tables:
        yield "crm.group_customer", self._customers(t)
        yield "crm.group_product", self._catalogue()
        yield "crm.group_contract", self._contracts(t)
        yield "crm.product_instance", self._instances(t)
        yield "crm.customer_list", self._lists(t)
        last = day_number(self.span[t].last)
        yield "crm.alliance_project", self.projects.of_month(t, last, self.groups)

    def employees(self, t: int) -> np.ndarray:
        """Employees of each group in month ``t``: slow growth, fewer where business shrinks."""
        g = self.groups
        grown = 1 + 0.04 * np.sin(g.worth * 7 + t / 6)
        shrinks = np.where(g.drop_reason == BUSINESS_SHRINKS, 0.4 + 0.6 * g.spending(t), 1.0)
        return np.maximum(np.rint(g.employees * grown * shrinks), 2).astype(np.int64)

    def _customers(self, t: int) -> pl.DataFrame:
        g, month = self.groups, self.span[t]
        here = g.known(t)
        lost = (g.lost_from <= t)[here]
        gone_on = np.array([day_number(m.first) for m in self.span])[
            np.minimum(g.lost_from, len(self.span) - 1)
        ]
        manager, before = g.manager_in(self.operator, t)[here], g.manager[here]
        handed = (before == HANDOVER_FROM) & (month.period >= HANDOVER_PERIOD)
        handover = day_number(date.fromisoformat(f"{HANDOVER_PERIOD}-01"))
        chosen = np.where(self.chosen_from <= t, self.chosen, len(TIERS))[here]
        stage = np.where(self.alliance_from <= t, self.alliance, np.maximum(self.alliance - 1, 0))
        # audits come in turn; the papers of some are never complete
        ago = (t + self.audit_offset) % self.audited_every
        audited = np.minimum(day_number(month.last), day_number(month.first) + 14) - 30 * ago
        audited = np.where(audited > g.opened, audited, -1)[here]
        found = np.where(audited >= 0, np.where(self.tidy, 0, 1 + ago % 3)[here], -1)
        return pl.DataFrame(
            {
                "group_id": pl.Series(g.ids).gather(here),
                "group_name": pl.Series(g.names).gather(here),
                "industry_code": labels([i[0] for i in INDUSTRIES], g.industry[here]),
                "employees_cnt": self.employees(t)[here],
                "area_id": labels(self.places.area_ids, g.area[here]),
                "account_manager_id": labels(self.places.manager_ids, manager),
                "manager_since_on": days(np.where(handed, handover, g.opened[here])),
                "opened_on": days(g.opened[here]),
                "status": labels(["active", "lost"], lost.astype(np.int64)),
                "status_since_on": days(np.where(lost, gone_on[here], g.opened[here])),
                "control_level": labels(CONTROLS, g.control[here]),
                "layer": labels(["strategic", "key", "ordinary"], g.control[here]),
                "market_position": labels(["follower", "leader"], g.leader[here].astype(np.int64)),
                "economic_influence": g.influence[here],
                "ict_level": self.ict[here],
                "credit_class": labels(CREDIT, self.credit[here]),
                "entitled_tier": labels(TIERS, self.entitled[here]),
                "chosen_tier": labels([*TIERS, None], chosen),
                "alliance_stage": labels(ALLIANCES, stage[here]),
                "joint_investment_amt": np.where(stage >= 2, self.invested, 0)[here] * 100,
                "has_complete_file": self.tidy[here],
                "audited_on": days(audited).set(pl.Series(audited < 0), None),
                "audit_exception_cnt": pl.Series(found).replace(-1, None),
            }
        )

    def _catalogue(self) -> pl.DataFrame:
        new = {r["product_id"]: r["is_new_business"] == "true" for r in self.places.products}
        return pl.DataFrame(
            {
                "product_id": [p[0] for p in PRODUCTS],
                "product_class": [p[1] for p in PRODUCTS],
                "bearer": [p[2] for p in PRODUCTS],
                "business_kind": [BUSINESS_KINDS[p[3]] for p in PRODUCTS],
                "industry_code": [p[4] for p in PRODUCTS],
                "is_ict": [p[5] for p in PRODUCTS],
                "is_new_business": [new[p[0]] for p in PRODUCTS],
                "pricing_unit": [p[6] for p in PRODUCTS],
                "is_trial_offered": [p[7] for p in PRODUCTS],
            }
        )

    def _contracts(self, t: int) -> pl.DataFrame:
        """Contracts in force, or over for at most a year when the sample begins."""
        p, last = self.portfolio, day_number(self.span[t].last)
        oldest = day_number(self.span[0].first) - 365
        bound = np.flatnonzero((p.term > 0) & (p.started <= last))
        many = np.minimum((last - p.started[bound]) // p.term[bound] + 1, p.contracts[bound])
        which = np.repeat(bound, many)
        number = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
        starts = p.started[which] + number * p.term[which]
        ends = starts + p.term[which] - 1
        keep = (ends >= oldest) & (starts < p.ended[which])
        which, number, starts, ends = (a[keep] for a in (which, number, starts, ends))
        broken = (p.ended[which] <= last) & (p.ended[which] < ends)
        over = ends < last
        renewed = over & (number + 1 < p.contracts[which]) & (p.ended[which] > ends + 1)
        state = np.select([broken, renewed, over], [3, 2, 1], 0)
        commit = np.rint(p.fee[which] * 0.8).astype(np.int64)
        return pl.DataFrame(
            {
                "group_contract_id": contract_ids(which, number),
                "group_id": pl.Series(self.groups.ids).gather(p.group[which]),
                "product_id": labels([x[0] for x in PRODUCTS], p.product[which]),
                "signed_on": days(np.minimum(starts, last) - 3 - which % 20),
                "starts_on": days(starts),
                "ends_on": days(ends),
                "terminated_on": days(p.ended[which]).set(pl.Series(~broken), None),
                "contract_status": labels(["active", "ended", "renewed", "terminated"], state),
                "bound_line_cnt": p.lines[which],
                "monthly_commit_amt": commit * 100,
                "penalty_amt": commit * (p.term[which] // 30) * 20,
                "is_auto_renewal": which % 3 == 0,
            }
        )

    def _instances(self, t: int) -> pl.DataFrame:
        p, g, last = self.portfolio, self.groups, day_number(self.span[t].last)
        known = np.flatnonzero(p.started <= last)
        over = p.ended[known] <= last
        contract = p.contract_at(last)[known]
        less = np.where(g.drop_reason == BUSINESS_SHRINKS, g.spending(t), 1.0)[p.group[known]]
        lines = np.where(over, 0, np.maximum(np.rint(p.lines[known] * less), 1)).astype(np.int64)
        unit = [x[8] for x in PRODUCTS]
        per = np.array([VOLUME[u] for u in unit])[p.product[known]]
        noise = np.exp(0.2 * self.operator.rng("volume", t).standard_normal(len(p.ids)))[known]
        drift = (0.4 + 0.6 * g.spending(t))[p.group[known]]
        volume = np.where(over, 0.0, p.fee[known] * per * drift * noise)
        return pl.DataFrame(
            {
                "instance_id": pl.Series(p.ids[known]),
                "group_id": pl.Series(g.ids).gather(p.group[known]),
                "product_id": labels([x[0] for x in PRODUCTS], p.product[known]),
                "group_contract_id": contract_ids(known, contract).set(
                    pl.Series(contract < 0), None
                ),
                "line_cnt": lines,
                "volume": np.round(volume, 2),
                "volume_unit": labels(unit, p.product[known]),
                "integration_level": p.depth[known],
                "monthly_fee_amt": np.rint(p.fee[known] * less * 100).astype(np.int64),
                "started_on": days(p.started[known]),
                "ended_on": days(p.ended[known]).set(pl.Series(~over), None),
                "end_reason": labels([*END_REASONS, None], np.where(over, p.reason[known], 4)),
            }
        )

    def _lists(self, t: int) -> pl.DataFrame:
        """The lists of the year: controlled, target market, base; frozen on 1 January."""
        g, year = self.groups, self.span[t].first.year
        frozen = day_number(date(year, 1, 1))
        there = g.opened < frozen
        # it counts as customer of the base unless it had left before
        start = next((i for i, m in enumerate(self.span) if m.first.year == year), t)
        there &= g.lost_from > start
        big = g.spends >= np.quantile(g.spends, 0.4)
        lists = [
            ("PC", "province_controlled", there & (g.control == 0)),
            ("CC", "city_controlled", there & (g.control == 1)),
            ("TM", "target_market", there & (big | g.leader)),
            ("SB", "stock_base", there),
        ]
        fee = np.rint(g.spends * np.clip(g.spending(start - 1), 0.2, 1) * 100).astype(np.int64)
        return pl.concat(
            pl.DataFrame(
                {
                    "list_id": pl.Series([f"{stem}{year}"] * int(who.sum()), dtype=pl.String),
                    "group_id": pl.Series(g.ids).filter(pl.Series(who)),
                    "list_kind": pl.Series([kind] * int(who.sum()), dtype=pl.String),
                    "list_year": pl.Series([year] * int(who.sum()), dtype=pl.Int64),
                    "frozen_on": days(np.full(int(who.sum()), frozen)),
                    "decided_by": pl.Series(["E0001"] * int(who.sum()), dtype=pl.String),
                    "base_month_fee_amt": fee[who],
                }
            )
            for stem, kind, who in lists
        )

    def truth(self) -> dict[str, Any]:
        """Which groups lose a large part of their value (``from`` when, to which ``share``, why),
        and are ``lost`` altogether, if so when; which are worth much more than they spend.
        """
        g, span = self.groups, self.span
        period = [m.period for m in span]
        drops = np.flatnonzero(g.drop_from < len(span))
        gone = np.flatnonzero(g.lost_from < len(span))
        return {
            "group_drops": [
                {
                    "group_id": g.ids[i],
                    "from": period[g.drop_from[i]],
                    "share_left": round(float(g.drop_to[i]), 4),
                    "reason": DROP_REASONS[g.drop_reason[i]],
                }
                for i in drops
            ],
            "groups_lost": [{"group_id": g.ids[i], "from": period[g.lost_from[i]]} for i in gone],
            "potential_groups": [g.ids[i] for i in np.flatnonzero(g.potential)],
        }


def contract_ids(instance: np.ndarray, number: np.ndarray) -> pl.Series:
    """Ids of the contracts with these numbers of these instances."""
    return pl.select(
        pl.lit("GC")
        + pl.Series(instance + 1).cast(pl.String).str.zfill(7)
        + pl.Series(np.maximum(number, 0) + 1).cast(pl.String).str.zfill(2)
    ).to_series()
