"""Feeds of the channel system's lists: outlets, dealers, agreements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.channel.outlets import (
    AGENT,
    EXCLUSIVE,
    NEVER,
    OUTLET_TYPES,
    VILLAGE,
    Outlets,
    dealer_id,
    draw_outlets,
    outlet_id,
)
from orchestration.sample.operator import Operator, Tables, once
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels
from orchestration.sample.working_time import optional

KIND_NAMES = ["综合厅", "社区厅", "乡镇厅", "品牌店", "自助厅", "手机卖场"]
SHOP_NAMES = ["专营店", "代理点", "便民点"]
SYLLABLES = [
    "青",
    "石",
    "岚",
    "禾",
    "柏",
    "云",
    "溪",
    "棠",
    "川",
    "雁",
    "渔",
    "霞",
    "竹",
    "麦",
    "桥",
    "舟",
]
GRADES = ["a", "b", "c"]
#: staff a grade entitles a hall to, and the shares of the grades
STANDARD_STAFF = np.array([12, 8, 5])
GRADE_EDGES = (0.2, 0.6)
CORE_LISTS = ["core_40", "core_200", "ordinary"]
#: cards sold in a month by all dealers, for each subscriber of the operator
CARDS_PER_SUBSCRIBER = 0.08
#: yuan for each card by the number of months met: from 1, 4, 7 and 10 on
LADDER_FROM = np.array([1, 4, 7, 10])
LADDER = np.array([0, 200, 300, 400, 500])


def channel_manager_of(operator: Operator, area: np.ndarray) -> pl.Series:
    """Channel manager of the county of each area; there is one per county."""
    county = operator.places.county_of
    return labels([f"E{501 + i:04d}" for i in range(int(county.max()) + 1)], county[area])


def hall_grades(operator: Operator, outlets: Outlets, year: int) -> np.ndarray:
    """Grade (0 = A) of each hall in ``year``: by size, looked at anew every January."""
    noise = operator.rng("hall_grades", year).standard_normal(outlets.halls)
    place = np.argsort(np.argsort(-outlets.weight[: outlets.halls] * np.exp(0.08 * noise)))
    return np.searchsorted(GRADE_EDGES, (place + 0.5) / max(outlets.halls, 1))


def core_rank(operator: Operator, outlets: Outlets, year: int) -> np.ndarray:
    """Rank (0 = first) of each dealer on the lists of ``year``."""
    noise = operator.rng("core_rank", year).standard_normal(len(outlets.size))
    return np.argsort(np.argsort(-outlets.size * np.exp(0.1 * noise)))


@dataclass(frozen=True)
class Agreements:
    """All agreements in the order of signing; ``before`` is the position renewed, else -1."""

    dealer: np.ndarray
    underwriting: np.ndarray
    signed: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    before: np.ndarray
    renewed: np.ndarray
    quota: np.ndarray
    share: np.ndarray


def agreement_id(position: int) -> str:
    return f"AG{position + 1:06d}"


def exclusive_dealers(outlets: Outlets) -> np.ndarray:
    """Which dealers sell for us alone: those with an exclusive shop."""
    shops = outlets.kind == EXCLUSIVE
    return np.bincount(outlets.dealer[shops], minlength=len(outlets.size)) > 0


def fund_share(operator: Operator, outlets: Outlets) -> np.ndarray:
    """Share of commission each dealer puts into the development fund; 0 for most."""
    rng = operator.rng("fund_share")
    takes_part = exclusive_dealers(outlets) & (rng.random(len(outlets.size)) < 0.7)
    return takes_part * rng.choice([0.05, 0.1, 0.15], len(outlets.size))


@once
def draw_agreements(operator: Operator) -> Agreements:
    """Exclusive agreements one after the other, and underwriting of each contest year."""
    rng, outlets, span = operator.rng("agreements"), draw_outlets(operator), operator.span
    d, end = len(outlets.size), day_number(span[-1].last)
    # a few exclusive dealers never sign; one who fades does not renew
    signs = exclusive_dealers(outlets) & (rng.random(d) > 0.03)
    term = rng.choice([365, 730], d, p=[0.7, 0.3])
    versions = np.where(signs, (end + 60 - outlets.since) // term + 1, 0).clip(0)
    who = np.repeat(np.arange(d), versions)
    k = np.arange(len(who)) - np.repeat(np.cumsum(versions) - versions, versions)
    planned = outlets.since[who] + k * term[who]
    late = (rng.random(len(who)) < 0.12) & (k > 0)
    signed = planned - rng.integers(1, 40, len(who))
    signed = np.where(late, planned + rng.integers(1, 45, len(who)), signed)
    starts = np.maximum(planned, signed)
    fade_day = np.array([day_number(m.first) for m in span] + [NEVER])
    fades = fade_day[np.minimum(outlets.fades_from, len(span))]
    kept = (signed <= end) & (signed < fades[who])
    exclusive = {
        "dealer": who,
        "version": k,
        "signed": signed,
        "starts": starts,
        "ends": planned + term[who] - 1,
        "quota": np.zeros(len(who), np.int64),
    }
    parts = [{name: v[kept] for name, v in exclusive.items()}]
    for year in sorted({m.first.year for m in span}):
        ranks = core_rank(operator, outlets, year)
        joins = np.flatnonzero((ranks < 200) & (rng.random(d) < np.where(ranks < 40, 0.9, 0.35)))
        first = int((np.datetime64(f"{year}-01-01") - np.datetime64("1970-01-01")).astype(int))
        usual = outlets.size[joins] * CARDS_PER_SUBSCRIBER * operator.scale.subscribers
        joined = outlets.since[joins] < first - 30
        parts.append(
            {
                "dealer": joins[joined],
                "version": np.zeros(int(joined.sum()), np.int64),
                "signed": first - rng.integers(1, 30, int(joined.sum())),
                "starts": np.full(int(joined.sum()), first),
                "ends": np.full(int(joined.sum()), first + 364),
                "quota": (1 + usual * rng.uniform(0.8, 1.1, len(joins))).astype(np.int64)[joined],
            }
        )
    row = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    order = np.lexsort((row["dealer"], row["signed"]))
    row = {name: v[order] for name, v in row.items()}
    known = row["signed"] <= end
    row = {name: v[known] for name, v in row.items()}
    # exclusive agreements of a dealer renew each other in the order of signing
    n = len(row["dealer"])
    before, renewed = np.full(n, -1), np.full(n, NEVER)
    chain = np.lexsort((row["version"], row["dealer"], row["quota"] > 0))
    same = (np.diff(row["dealer"][chain]) == 0) & (row["quota"][chain][1:] == 0)
    before[chain[1:][same]] = chain[:-1][same]
    renewed[chain[:-1][same]] = row["signed"][chain[1:][same]]
    return Agreements(
        dealer=row["dealer"],
        underwriting=row["quota"] > 0,
        signed=row["signed"],
        starts=row["starts"],
        ends=row["ends"],
        before=before,
        renewed=renewed,
        quota=row["quota"],
        share=fund_share(operator, outlets)[row["dealer"]],
    )


class ChannelLists:
    """Outlets, dealers and agreements at the end of every month."""

    feeds: ClassVar[tuple[str, ...]] = (
        "channel.outlet",
        "channel.dealer",
        "channel.agreement",
    )

    def __init__(self, operator: Operator) -> None:
        self.operator, self.span = operator, operator.span
        self.outlets = o = draw_outlets(operator)
        self.agreements = draw_agreements(operator)
        rng, n, d = operator.rng("channel_lists"), len(o), len(o.size)
        names = {u["org_unit_id"]: u["org_unit_name"] for u in operator.places.units}
        self.area_names = [names[a].removesuffix("片区") for a in operator.places.area_ids]
        self.space = (rng.gamma(3, 12, n) * np.where(o.dealer < 0, 6, 1)).astype(np.int64) + 8
        self.phones = pl.Series([f"100{7_000_0000 + 137 * i:08d}" for i in range(n)])
        self.checked_every = rng.integers(1, 9, n)
        self.parent = self._parents(rng)
        self.exclusive = exclusive_dealers(o)
        self.credit = rng.choice(4, d, p=[0.3, 0.45, 0.2, 0.05])
        self.shelf = np.where(self.exclusive, 0.02, 0.4) * rng.uniform(0.5, 1.5, d)
        self.deposit = 100_00 * (10 + (2000 * o.size + 20 * rng.random(d)).astype(np.int64))
        # a dealer is gone with the last outlet
        last = np.zeros(d, np.int64)
        np.maximum.at(last, o.dealer[o.halls :], o.closed[o.halls :])
        self.ended = np.where(last > 0, last, NEVER)
        self.taken = rng.choice(3, d, p=[0.5, 0.3, 0.2])
        self.pause = rng.integers(0, 60, d)

    def _parents(self, rng: np.random.Generator) -> np.ndarray:
        """Who supplies the village points: a shop of the area that is there all the time."""
        o, start = self.outlets, day_number(self.span[0].first)
        parent = np.full(len(o), -1)
        steady = (o.opened < start) & (o.closed == NEVER)
        for area in range(len(self.area_names)):
            shops = np.flatnonzero((o.area == area) & np.isin(o.kind, (EXCLUSIVE, AGENT)) & steady)
            points = np.flatnonzero((o.area == area) & (o.kind == VILLAGE))
            points = points[rng.random(len(points)) < 0.6]
            if len(shops):
                parent[points] = rng.choice(shops, len(points))
        return parent

    def of_month(self, t: int) -> Tables:
        yield "channel.outlet", self._outlets(t)
        yield "channel.dealer", self._dealers(t)
        yield "channel.agreement", self._agreements(t)

    def truth(self) -> dict[str, Any]:
        """``fading_dealers``: whose sales fall from a month on; ``slack_outlets``: whose air
        recharge does; ``wholesale_dealers`` sell across counties, ``faking_dealers`` raise
        openings; ``poor_halls`` serve badly.
        """
        o, span = self.outlets, self.span
        return {
            "fading_dealers": [
                {"dealer_id": dealer_id(i), "from": span[o.fades_from[i]].period}
                for i in np.flatnonzero(o.fades_from < len(span))
            ],
            "wholesale_dealers": [dealer_id(i) for i in np.flatnonzero(o.wholesales)],
            "faking_dealers": [dealer_id(i) for i in np.flatnonzero(o.fakes)],
            "slack_outlets": [
                {"outlet_id": outlet_id(i), "from": span[o.slack_from[i]].period}
                for i in np.flatnonzero(o.slack_from < len(span))
            ],
            "poor_halls": [outlet_id(i) for i in np.flatnonzero(o.poor)],
        }

    def _outlets(self, t: int) -> pl.DataFrame:
        o, month = self.outlets, self.span[t]
        last = day_number(month.last)
        here = np.flatnonzero(o.opened <= last)
        is_hall = o.dealer[here] < 0
        kind, area = o.kind[here], o.area[here]
        grade = hall_grades(self.operator, o, month.first.year)
        grade = np.where(is_hall, grade[here.clip(0, max(o.halls - 1, 0))], 3)
        staff = np.append(STANDARD_STAFF, 0)[grade]
        number = pl.Series(here + 1).cast(pl.String)
        place = labels(self.area_names, area)
        title = labels([*KIND_NAMES, *SHOP_NAMES], kind)
        village = pl.Series(
            [SYLLABLES[i % 16] + SYLLABLES[(i // 16 + 5) % 16] + "村" for i in here.tolist()]
        )
        # entries are looked at every few months; some much later
        every = self.checked_every[here]
        updated = np.maximum(last - 30 * (t % every) - every, o.opened[here])
        updated = np.where(o.closed[here] <= last, o.closed[here], updated)
        closed = o.closed[here] <= last
        outlet_ids = [outlet_id(i) for i in range(len(o))]
        return pl.DataFrame(
            {
                "outlet_id": labels(outlet_ids, here),
                "outlet_name": place + title + number,
                "outlet_type": labels(OUTLET_TYPES, kind),
                "dealer_id": optional(
                    labels([dealer_id(i) for i in range(len(o.size))], o.dealer[here].clip(0)),
                    ~is_hall,
                ),
                "parent_outlet_id": optional(
                    labels(outlet_ids, self.parent[here].clip(0)), self.parent[here] >= 0
                ),
                "area_id": labels(self.operator.places.area_ids, area),
                "channel_manager_id": channel_manager_of(self.operator, area),
                "hall_grade": labels([*GRADES, None], grade),
                "has_regional_centre": is_hall & (here < len(self.area_names)),
                "village_name": optional(village, kind == VILLAGE),
                "address": place + "路" + number + "号",
                "contact_number": self.phones.gather(here),
                "space_sqm": self.space[here],
                "counter_cnt": np.where(is_hall, 1 + staff // 2, 1),
                "standard_staff_cnt": optional(pl.Series(staff), is_hall),
                "opened_on": days(o.opened[here]),
                "closed_on": optional(days(o.closed[here]), closed),
                "updated_on": days(updated),
            }
        )

    def _dealers(self, t: int) -> pl.DataFrame:
        o, month = self.outlets, self.span[t]
        last = day_number(month.last)
        here = np.flatnonzero(o.since <= last)
        rank = core_rank(self.operator, o, month.first.year)[here]
        ended = self.ended[here] <= last
        # who fades gives more and more of the shelf to others
        turned = (t - o.fades_from[here] + 2).clip(0, 6) * 0.1
        shelf = (self.shelf[here] + turned).clip(0, 0.95).round(4)
        paused = (t + self.pause[here]) % 60 == 0
        names = pl.Series([self._dealer_name(i) for i in here.tolist()])
        return pl.DataFrame(
            {
                "dealer_id": pl.Series([dealer_id(i) for i in here]),
                "dealer_name": names,
                "area_id": labels(self.operator.places.area_ids, o.home[here]),
                "channel_manager_id": channel_manager_of(self.operator, o.home[here]),
                "core_list": labels(
                    CORE_LISTS, np.searchsorted(self.operator.scale.core_ranks, rank, side="right")
                ),
                "cooperation": labels(["mixed", "exclusive"], self.exclusive[here].astype(int)),
                "competitor_shelf_rate": shelf,
                "is_province_top_100": rank < 8,
                "partner_since_on": days(o.since[here]),
                "credit_class": labels(["a", "b", "c", "d"], self.credit[here]),
                "deposit_amt": np.where(ended, 0, self.deposit[here]),
                "status": labels(
                    ["active", "suspended", "ended"], np.where(ended, 2, paused.astype(int))
                ),
                "ended_on": optional(days(self.ended[here]), ended),
                "left_for": optional(labels([None, "op_b", "op_c"], self.taken[here]), ended),
            }
        )

    def _dealer_name(self, i: int) -> str:
        place = self.area_names[self.outlets.home[i]][:2]
        # 16 x 16 names for each place; further ones are numbered
        word = SYLLABLES[i % 16] + SYLLABLES[(i // 16) % 16]
        return f"{place}{word}通讯{i // 256 or ''}"

    def _agreements(self, t: int) -> pl.DataFrame:
        a, last = self.agreements, day_number(self.span[t].last)
        here = np.flatnonzero(a.signed <= last)
        who = a.dealer[here]
        over = self.ended[who] <= np.minimum(a.ends[here], last)
        state = np.select([over, a.renewed[here] <= last, a.ends[here] < last], [3, 2, 1], 0)
        under = a.underwriting[here]
        joins = (a.share[here] > 0) & ~under
        limit = (120_000_00 * a.share[here]).astype(np.int64)
        ids = [agreement_id(i) for i in range(len(a.dealer))]
        return pl.DataFrame(
            {
                "agreement_id": labels(ids, here),
                "dealer_id": pl.Series([dealer_id(i) for i in who], dtype=pl.String),
                "agreement_type": labels(["exclusive", "underwriting"], under.astype(int)),
                "signed_on": days(a.signed[here]),
                "starts_on": days(a.starts[here]),
                "ends_on": days(a.ends[here]),
                "previous_agreement_id": optional(
                    labels(ids, a.before[here].clip(0)), a.before[here] >= 0
                ),
                "monthly_quota_cnt": optional(pl.Series(a.quota[here]), under),
                "ladder_code": labels([None, "standard"], under.astype(int)),
                "fund_share_rate": optional(pl.Series(a.share[here]), joins),
                "fund_limit_amt": optional(pl.Series(limit), joins),
                "status": labels(["active", "expired", "renewed", "terminated"], state),
            }
        )
