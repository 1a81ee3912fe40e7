"""Campaigns: what is offered when and where, and what each is really worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.operator import Operator, Tables, once

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


@once
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


class CampaignPlans:
    """``campaign.campaign``: what marketing planned and runs."""

    feeds: ClassVar[tuple[str, ...]] = ("campaign.campaign",)

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
