"""Campaigns: what is offered when and where, to whom, who is held back, and what came of it.

Nobody's life is changed by a campaign here. A campaign that keeps customers is made by drawing its
control group with an eye on the future: those who are going to leave within ``HORIZON`` months come
into the control group a little more often, by just as much as makes the treated leave less often by
the campaign's true uplift. Within every segment the control group is a random sample otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from orchestration.sample.lives import ON_NET
from orchestration.sample.managers import draw_managers
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import NO_MANAGER
from orchestration.sample.tables import days, labels, moments, numbered
from orchestration.sample.working_time import DAY as WORKDAY
from orchestration.sample.working_time import WorkingTime

CHANNELS = ["hall", "hotline", "sms", "app", "account_manager", "dealer"]
HALL, HOTLINE, SMS, APP, MANAGER, DEALER = range(6)
#: yuan (hundredths) one contact costs, and the share of the dispatched it reaches, by channel
COST = np.array([800, 300, 10, 5, 2500, 1000])
REACH = np.array([0.35, 0.6, 0.95, 0.7, 0.85, 0.4])
SEGMENTS = ["top_vip", "vip", "mid_high", "ordinary"]
DECLINES = ["price", "no_need", "competitor_offer", "service"]
DAY = 86_400

#: months in which a retention campaign shows its effect: leaving after the month of the list
HORIZON = 3
#: true fall of the leaving rate that a retention campaign may bring, and how common each is
UPLIFTS = np.array([0.0, 0.03, 0.06, 0.09])
UPLIFT_SHARES = [0.25, 0.25, 0.3, 0.2]
#: share of a list that is going to leave, of a city's subscribers that a list holds
LEAVERS = (0.11, 0.16)
LISTED = 0.045
#: who has been on a list rests for so many months
REST = 3
#: share of those not contacted who order the product on their own account
ORGANIC = 0.03
#: one campaign in so many is run without a control group
NO_CONTROL = 0.12

#: kind, offer, segment, products, name, English name
RETENTION = [
    ("retention", "halved_term", "unstable", "B112", "预存话费减半", "Prepaid fee, half the term"),
    (
        "retention",
        "rebate",
        "off_net",
        "B124",
        "离网预警客户返还",
        "Rebate for those about to leave",
    ),
    (
        "retention",
        "discount",
        "value_loss",
        "D020",
        "价值流失客户优惠",
        "Discount for falling value",
    ),
    ("retention", "gift", "off_net", "B024", "合约续机赠礼", "Gift with a new handset contract"),
]
OFFERS = [
    ("traffic", "marketing", "non_d", "D010", "流量体验营销", "Data for those who use little"),
    ("new_business", "trial", "non_a", "N005", "手机阅读体验", "Trial of mobile reading"),
    ("traffic", "discount", "all", "D050", "流量季包优惠", "Discount on quarterly data"),
    ("new_business", "trial", "non_a", "N015", "云盘体验", "Trial of cloud storage"),
    (
        "new_business",
        "discount",
        "unstable",
        "N010",
        "视频会员优惠",
        "Discount on video membership",
    ),
]
ACQUISITION = ("acquisition", "gift", "all", "T038", "新入网有礼", "Welcome gift")
POINTS = ("points", "gift", "all", "D005", "积分兑流量", "Points for data")


@dataclass(frozen=True)
class Campaign:
    """One campaign: runs in month ``t``; ``city`` is an organisation unit or the province.

    ``uplift`` is the true fall of the leaving rate, ``orders`` the share of the treated that orders
    because of it, ``control`` the share held back, ``leavers`` the share of the list that leaves.
    """

    number: int
    t: int
    what: tuple[str, str, str, str, str, str]
    city: str
    channel: int
    control: float
    uplift: float
    orders: float
    leavers: float
    documents: int

    @property
    def id(self) -> str:
        return f"C{self.number:04d}"

    @property
    def has_list(self) -> bool:
        return self.what[0] not in {"acquisition", "points"}


def plan_campaigns(operator: Operator) -> list[Campaign]:
    """All campaigns in the order of their months, and those already announced for the next one."""
    rng = operator.rng("campaigns")
    units = operator.places.units
    province = next(u["org_unit_id"] for u in units if u["level"] == "province")
    cities = [u["org_unit_id"] for u in units if u["level"] == "city"]
    made: list[Campaign] = []
    for t in range(len(operator.span) + 1):
        wanted = [(RETENTION[int(rng.integers(len(RETENTION)))], c) for c in cities]
        wanted.append((OFFERS[int(rng.integers(len(OFFERS)))], province))
        wanted += [(ACQUISITION, province)] * (t % 3 == 0) + [(POINTS, province)] * (t % 6 == 2)
        for what, city in wanted:
            keeps = what[0] == "retention"
            control = 0.0 if rng.random() < NO_CONTROL else float(rng.choice([0.15, 0.2, 0.3]))
            uplift = float(rng.choice(UPLIFTS, p=UPLIFT_SHARES))
            made.append(
                Campaign(
                    number=len(made) + 1,
                    t=t,
                    what=what,
                    city=city,
                    channel=int(rng.choice(6, p=[0.12, 0.3, 0.18, 0.12, 0.2, 0.08])),
                    control=control if what[0] not in {"acquisition", "points"} else 0.0,
                    # without a control group nobody can tell, so nothing is claimed
                    uplift=uplift if keeps and control else 0.0,
                    orders=float(rng.uniform(0.04, 0.2)),
                    leavers=float(rng.uniform(*LEAVERS)) if keeps else 0.0,
                    documents=int(rng.choice([3, 4, 5], p=[0.1, 0.2, 0.7])),
                )
            )
    return made


def acquisition_campaign(operator: Operator, t: int) -> str | None:
    """The campaign under which numbers were opened in month ``t``, if one ran."""
    for campaign in plan_campaigns(operator):
        if campaign.what[0] == "acquisition" and campaign.t == t:
            return campaign.id
    return None


def preferred_channel(operator: Operator, block: Block) -> np.ndarray:
    """The channel (position in ``CHANNELS``) each likes best: the young and those online by app."""
    rng, people = operator.rng("preferred_channel", block.number), block.people
    n = len(people)
    young = np.clip((people.birth_year - 1985) / 20.0, -1.5, 1.2)
    online = 0.8 * people.data + 0.6 * young
    cared = block.lives.manager[:, 0] != NO_MANAGER
    liking = np.stack(
        [
            0.3 - 0.5 * online,
            np.full(n, 0.3),
            -0.2 + 0.1 * online,
            -0.2 + online,
            np.where(cared, 0.6, -3.0),
            -0.6 - 0.4 * online,
        ],
        axis=1,
    )
    return np.argmax(liking + rng.gumbel(size=(n, 6)) * 0.6, axis=1)


@dataclass(frozen=True)
class ListOf:
    """The list of one campaign in a block: arrays by place on the list."""

    campaign: Campaign
    who: np.ndarray
    control: np.ndarray
    segment: np.ndarray
    matched: np.ndarray
    version: np.ndarray
    day: np.ndarray


def draw_lists(operator: Operator, block: Block) -> list[ListOf]:
    """The lists of all campaigns in a block; pure, the same for all who ask."""
    people, lives = block.people, block.lives
    n = len(people)
    leaves_in = _leaving_months(block, len(operator.span))
    preferred = preferred_channel(operator, block)
    segment = np.select([people.vip < 2, people.vip == 2, people.worth > 0.75], [0, 1, 2], 3)
    inside = _areas_inside(operator)
    time = WorkingTime(operator.span)
    rested = np.full(n, -100)
    made = []
    for campaign in plan_campaigns(operator):
        t = campaign.t
        if t >= len(operator.span) or not campaign.has_list:
            continue
        rng = operator.rng("campaign_list", campaign.number, block.number)
        able = (lives.status[:, t] == ON_NET) & (lives.since[:, t] == 1) & (people.opens < t)
        able &= t - rested >= REST
        able &= inside[campaign.city][lives.area[:, t]]
        size = int(LISTED * able.sum())
        if campaign.leavers:
            soon = able & (leaves_in > t) & (leaves_in <= t + HORIZON)
            liked = np.exp(0.8 * people.worth)
            going = _sample(rng, soon, liked, int(size * campaign.leavers))
            stays = _sample(rng, able & ~soon, liked, size - len(going))
        else:
            fit = np.exp(-0.6 * people.data if campaign.what[0] == "traffic" else -0.6 * people.vas)
            going, stays = np.empty(0, np.int64), _sample(rng, able, fit, size)
        if not len(stays):
            continue
        who = np.concatenate([going, stays])
        held = _hold_back(rng, campaign, segment[who], len(going))
        order = rng.permutation(len(who))
        who, held = who[order], held[order]
        rested[who] = t
        fits = rng.random(len(who)) < 0.55
        matched = np.where(fits, preferred[who], campaign.channel)
        managed = lives.manager[who, t] != NO_MANAGER
        matched = np.where((matched == MANAGER) & ~managed, HOTLINE, matched)
        version = np.where(rng.random(len(who)) < 0.12, 2, 1)
        workdays = time.month(operator.span[t])
        day = workdays[np.where(version == 2, 6, 0)]
        made.append(ListOf(campaign, who, held, segment[who], matched, version, day))
    return made


def _areas_inside(operator: Operator) -> dict[str, np.ndarray]:
    """For each organisation unit which areas (by position) lie in it."""
    above = {u["org_unit_id"]: u["parent_id"] for u in operator.places.units}
    chains = []
    for area in operator.places.area_ids:
        chain, unit = {area}, above[area]
        while unit:
            chain.add(unit)
            unit = above[unit]
        chains.append(chain)
    return {unit: np.array([unit in chain for chain in chains]) for unit in above}


def _leaving_months(block: Block, months: int) -> np.ndarray:
    """Month in which each next decides to leave for good (a large number for those who stay)."""
    found = np.full(len(block.people), 10_000)
    for plan in block.lives.plans:
        who, month = plan["who"], plan["month"]
        real = (month >= 0) & (month < months + HORIZON)
        found[who[real]] = month[real]
    return found


def _sample(
    rng: np.random.Generator, able: np.ndarray, weight: np.ndarray, count: int
) -> np.ndarray:
    """At most ``count`` of those ``able``, the heavier more often."""
    pool = np.flatnonzero(able)
    key = rng.exponential(size=len(pool)) / weight[pool]
    return pool[np.argsort(key)[:count]]


def _hold_back(
    rng: np.random.Generator, campaign: Campaign, segment: np.ndarray, going: int
) -> np.ndarray:
    """Who is held back: the first ``going`` are those who will leave (see the module's text)."""
    n, c = len(segment), campaign.control
    leaves = np.arange(n) < going
    rate = going / n
    held_rate = min(rate + (1 - c) * campaign.uplift, 0.95)
    share = np.where(leaves, c * held_rate / max(rate, 1e-9), c * (1 - held_rate) / (1 - rate))
    held = np.zeros(n, bool)
    for part in (leaves, ~leaves):
        # every k-th of a shuffled list sorted by segment: exact shares, overall and per segment
        at = np.flatnonzero(part)
        at = at[np.lexsort((rng.random(len(at)), segment[at]))]
        steps = np.floor(np.cumsum(share[at].clip(0, 1)) + rng.random())
        held[at] = np.diff(steps, prepend=np.floor(steps[0]) if len(at) else 0) > 0
    return held


class CampaignPlans:
    """``campaign.campaign``: what marketing planned and runs."""

    def __init__(self, operator: Operator) -> None:
        self.operator, self.all = operator, plan_campaigns(operator)
        posts = [p for p in operator.places.staff if p.post == "manager"]
        self.owner = {p.org_unit_id: p.staff_id for p in reversed(posts)}

    def of_month(self, t: int) -> Tables:
        span, known = self.operator.span, [c for c in self.all if c.t <= t + 1]
        months = [*span, span[-1].next]
        starts = [months[c.t].first for c in known]
        yield (
            "campaign.campaign",
            pl.DataFrame(
                {
                    "campaign_id": [c.id for c in known],
                    "campaign_name": [f"{months[c.t].first:%Y年%m月}{c.what[4]}" for c in known],
                    "campaign_name_en": [f"{c.what[5]}, {months[c.t].period}" for c in known],
                    "campaign_kind": [c.what[0] for c in known],
                    "offer_type": [c.what[1] for c in known],
                    "target_segment": [c.what[2] for c in known],
                    "product_id": [c.what[3] for c in known],
                    "main_channel": [CHANNELS[c.channel] for c in known],
                    "starts_on": starts,
                    "ends_on": [months[c.t].last for c in known],
                    "status": [
                        ["ended", "running", "planned"][(c.t >= t) + (c.t > t)] for c in known
                    ],
                    "org_unit_id": [c.city for c in known],
                    "owner_id": [self._owner(c.city) for c in known],
                    "budget_amt": [self._budget(c) for c in known],
                    "control_share": [c.control for c in known],
                    "template_version": ["v2" if c.t >= len(span) // 2 else "v1" for c in known],
                    "document_cnt": [c.documents if c.t <= t else 1 for c in known],
                }
            ),
        )

    def _owner(self, unit: str) -> str:
        return self.owner.get(unit) or next(iter(self.owner.values()))

    def _budget(self, campaign: Campaign) -> int:
        """Whole thousands of yuan, in hundredths: about what the list costs."""
        heads = self.operator.scale.subscribers * LISTED
        a_head = 2000 + int(COST[campaign.channel]) + 8000 * campaign.orders
        return max(1, round(heads * a_head / 100_000)) * 100_000

    def truth(self) -> dict[str, Any]:
        """``campaigns``: what each list campaign really brought.

        ``retention_uplift``: by how much less of the treated than of the control group leave within
        three months after the list; ``order_uplift``: how much more of them order the product;
        ``has_control``: whether anybody could know. A campaign that many accept may keep nobody.
        """
        span = self.operator.span
        return {
            "campaigns": [
                {
                    "campaign_id": c.id,
                    "period": span[c.t].period,
                    "has_control": c.control > 0,
                    "retention_uplift": round(c.uplift, 4),
                    "order_uplift": round(c.orders * (1 - ORGANIC), 4),
                }
                for c in self.all
                if c.has_list and c.t < len(span)
            ]
        }


class CampaignLists:
    """``campaign.target`` and ``campaign.contact`` of a block."""

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        self.lists = draw_lists(operator, block)
        self.preferred = preferred_channel(operator, block)
        self.diligence = draw_managers(operator).diligence
        self.time = WorkingTime(operator.span)

    def of_month(self, made: BlockMonth) -> Tables:
        running = [each for each in self.lists if each.campaign.t == made.t]
        yield (
            "campaign.target",
            pl.concat([_no_targets(), *(self._targets(each) for each in running)]),
        )
        steps = pl.concat([_no_steps(), *(self._contacts(each) for each in running)])
        steps = steps.sort("happened_at", "campaign_id", "subscriber_id", "step_type")
        stem = f"CT{self.operator.span[made.t].first:%Y%m}{self.block.number:03d}"
        yield (
            "campaign.contact",
            steps.select(numbered(stem, steps.height, 6).alias("contact_id"), pl.all()),
        )

    def truth(self) -> dict[str, Any]:
        return {}

    def _targets(self, each: ListOf) -> pl.DataFrame:
        lives, places, t = self.block.lives, self.operator.places, each.campaign.t
        count = len(each.who)
        product = pl.Series([each.campaign.what[3], None], dtype=pl.String)
        return pl.DataFrame(
            {
                "campaign_id": [each.campaign.id] * count,
                "subscriber_id": self.block.ids.gather(each.who),
                "list_version": each.version.astype(np.int64),
                "listed_on": days(each.day),
                "is_control": each.control,
                "segment_code": labels(SEGMENTS, each.segment),
                "matched_product_id": product.gather(each.control.astype(np.int64)),
                "matched_channel": labels(
                    [*CHANNELS, None], np.where(each.control, len(CHANNELS), each.matched)
                ),
                "area_id": labels(places.area_ids, lives.area[each.who, t]),
                "staff_id": self._managers(each.who, t),
            }
        )

    def _managers(self, who: np.ndarray, t: int) -> pl.Series:
        manager = self.block.lives.manager[who, t].astype(np.int64)
        none = len(self.operator.places.manager_ids)
        return labels(
            [*self.operator.places.manager_ids, None],
            np.where(manager == NO_MANAGER, none, manager),
        )

    def _common(self, campaign: Campaign, who: np.ndarray, channel: np.ndarray) -> pl.DataFrame:
        managers = self._managers(who, campaign.t)
        by_manager = pl.Series(channel == MANAGER)
        return pl.DataFrame(
            {
                "campaign_id": pl.Series([campaign.id] * len(who), dtype=pl.String),
                "subscriber_id": self.block.ids.gather(who),
                "channel_type": labels(CHANNELS, channel),
                "staff_id": pl.select(pl.when(by_manager).then(managers)).to_series(),
            }
        )

    def _contacts(self, each: ListOf) -> pl.DataFrame:
        """Dispatch, contact and answer of those not held back, all within the month."""
        campaign, t = each.campaign, each.campaign.t
        rng = self.operator.rng("campaign_contact", campaign.number, self.block.number)
        treated = ~each.control
        who, channel, day = each.who[treated], each.matched[treated], each.day[treated]
        count = len(who)
        sent = day * DAY + rng.integers(9 * 3600, 12 * 3600, count)
        manager = self.block.lives.manager[who, t].astype(np.int64)
        by_manager = channel == MANAGER
        zeal = np.where(by_manager, self.diligence[manager.clip(0)], 0.9)
        tried = rng.random(count) < zeal
        lag = 0.3 + rng.gamma(1.2, np.where(by_manager, 4.0 * (1.3 - zeal), 1.5))
        latest = self.time.month(self.operator.span[t])[-1]
        at = self.time.after(sent, lag * WORKDAY)
        at = np.where(at < latest * DAY, at, latest * DAY + rng.integers(13, 17, count) * 3600)
        reached = tried & (rng.random(count) < REACH[channel])
        refused = reached & (rng.random(count) < np.where(channel == HOTLINE, 0.08, 0.02))
        answers = np.flatnonzero(reached & ~refused)
        # as many accept as the campaign is worth; who does depends on the channel and the taste
        people = self.block.people
        taste = people.data if campaign.what[0] == "traffic" else people.vas
        liking = np.exp(0.5 * taste[who] + 0.7 * (channel == self.preferred[who]))
        order = rng.exponential(size=len(answers)) / liking[answers]
        yes = np.zeros(count, bool)
        yes[answers[np.argsort(order)[: round(campaign.orders * count)]]] = True
        fee = _monthly_fee(self.operator, campaign.what[3], people.worth[who])
        code = np.select([refused, reached], ["refused_contact", "reached"], "not_reached")
        gift = np.where(yes, np.minimum(fee, 5000) // 2, 0)
        common = self._common(campaign, who, channel)
        asked = _step(common, "dispatch", sent, np.full(count, "dispatched"), fee * 0)
        spoken = _step(common, "contact", at, code, COST[channel])
        told = _step(common, "response", at + 600, np.where(yes, "accepted", "declined"), gift)
        why = labels(DECLINES, rng.choice(4, size=count, p=[0.35, 0.4, 0.15, 0.1]))
        ordered = pl.Series(yes)
        told = told.with_columns(
            ordered.alias("is_accepted"),
            pl.when(ordered).then(pl.lit(campaign.what[3])).alias("product_id"),
            pl.Series(np.where(yes, fee, 0)).alias("order_amt"),
            pl.when(~ordered).then(why).alias("decline_reason"),
        )
        return pl.concat([asked, spoken.filter(pl.Series(tried)), told[answers]])


def _monthly_fee(operator: Operator, product: str, worth: np.ndarray) -> np.ndarray:
    """Hundredths of yuan a month: the list fee, or what a contract commits to."""
    row = next(p for p in operator.places.products if p["product_id"] == product)
    fee = int(row["list_fee_amt"].replace(".", ""))
    commit = np.clip(np.round(3.5 * np.exp(0.6 * worth)), 1, 40).astype(np.int64) * 1000
    return np.full(len(worth), fee) if fee else commit


def _step(
    common: pl.DataFrame, step: str, second: np.ndarray, result: np.ndarray, cost: np.ndarray
) -> pl.DataFrame:
    """Rows of one step, with nothing ordered."""
    count = common.height
    return common.with_columns(
        pl.lit(step).alias("step_type"),
        moments(second).alias("happened_at"),
        pl.Series("result_code", result.astype(object), dtype=pl.String),
        pl.Series("is_accepted", np.zeros(count, bool)),
        pl.lit(None, pl.String).alias("product_id"),
        pl.Series("order_amt", np.zeros(count, np.int64)),
        pl.Series("cost_amt", cost.astype(np.int64)),
        pl.lit(None, pl.String).alias("decline_reason"),
    ).select(pl.col(name).cast(kind) for name, kind in STEPS.items())


STEPS: dict[str, type[pl.DataType] | pl.DataType] = {
    "campaign_id": pl.String,
    "subscriber_id": pl.String,
    "step_type": pl.String,
    "happened_at": pl.Datetime("us"),
    "channel_type": pl.String,
    "staff_id": pl.String,
    "result_code": pl.String,
    "is_accepted": pl.Boolean,
    "product_id": pl.String,
    "order_amt": pl.Int64,
    "cost_amt": pl.Int64,
    "decline_reason": pl.String,
}
TARGETS: dict[str, type[pl.DataType] | pl.DataType] = {
    "campaign_id": pl.String,
    "subscriber_id": pl.String,
    "list_version": pl.Int64,
    "listed_on": pl.Date,
    "is_control": pl.Boolean,
    "segment_code": pl.String,
    "matched_product_id": pl.String,
    "matched_channel": pl.String,
    "area_id": pl.String,
    "staff_id": pl.String,
}


def _no_targets() -> pl.DataFrame:
    """A month's table has its columns even when nobody is on a list."""
    return pl.DataFrame(schema=TARGETS)


def _no_steps() -> pl.DataFrame:
    return pl.DataFrame(schema=STEPS)
