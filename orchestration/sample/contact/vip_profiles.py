"""Profiles of individual VIPs: birthday, occupation, industry and interests, as far as noted."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.groups.customers import INDUSTRIES, draw_groups
from orchestration.sample.groups.members import draw_members
from orchestration.sample.groups.people import INTERESTS
from orchestration.sample.lives import OFF_NET, UNBORN
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import VIP_LEVELS, day_number
from orchestration.sample.tables import days, labels

OCCUPATIONS = [
    "企业管理",
    "公务员",
    "医生",
    "教师",
    "律师",
    "个体经营",
    "工程技术",
    "金融从业",
    "自由职业",
]
#: share of card holders with a profile; how likely each fact is on it by the last month
PROFILED = 0.9
KNOWN = {"birthday": 0.85, "occupation": 0.75, "industry": 0.7, "interests": 0.45}
HOBBIES = [i for i in INTERESTS if i is not None]


class VipProfiles:
    """``crm.vip_profile`` of a block: card holders; leaders of groups are filed as key persons."""

    feeds: ClassVar[tuple[str, ...]] = ("crm.vip_profile",)

    def __init__(self, operator: Operator, block: Block) -> None:
        self.block, people = block, block.people
        n, months = len(people), len(operator.span)
        rng = operator.rng("vip_profiles", block.number)
        members = draw_members(operator, draw_groups(operator), block)
        leads = np.zeros(n, bool)
        leads[members.who[members.leads]] = True
        profiled = rng.random(n) < PROFILED
        self.holds = (people.vip < VIP_LEVELS.index("none")) & ~leads & profiled
        day = day_number(operator.span[0].first) - rng.integers(0, 365, n)
        # most facts were noted before the sample, the others come in month by month
        self.since = {
            name: np.where(rng.random(n) < share, rng.integers(-3 * months, months, n), 10 * months)
            for name, share in KNOWN.items()
        }
        self.facts = {
            "birthday": days(day).dt.strftime("%m-%d"),
            "occupation": labels(OCCUPATIONS, rng.integers(0, len(OCCUPATIONS), n)),
            "industry": labels([i[0] for i in INDUSTRIES], rng.integers(0, len(INDUSTRIES), n)),
            "interests": labels(HOBBIES, rng.integers(0, len(HOBBIES), n)),
        }

    def of_month(self, made: BlockMonth) -> Tables:
        status = self.block.lives.status[:, made.t]
        here = np.flatnonzero(self.holds & (status != UNBORN) & (status < OFF_NET))
        columns = {
            name: fact.gather(here).set(pl.Series(self.since[name][here] > made.t), None)
            for name, fact in self.facts.items()
        }
        columns["industry_code"] = columns.pop("industry")
        names = ("birthday", "occupation", "industry_code", "interests")
        yield (
            "crm.vip_profile",
            pl.DataFrame(
                {"subscriber_id": self.block.ids.gather(here), **{n: columns[n] for n in names}}
            ),
        )

    def truth(self) -> dict[str, Any]:
        return {}
