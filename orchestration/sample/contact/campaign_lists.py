"""Lists of campaigns: to whom something is offered, and who is held back.

Nobody's life is changed by a campaign here. A campaign that keeps customers is made by drawing its
control group with an eye on the future: those who are going to leave within ``HORIZON`` months come
into the control group a little more often, by just as much as makes the treated leave less often by
the campaign's true uplift. Within every segment the control group is a random sample otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.contact.campaigns import (
    HORIZON,
    HOTLINE,
    LISTED,
    MANAGER,
    REST,
    Campaign,
    plan_campaigns,
)
from orchestration.sample.lives import ON_NET
from orchestration.sample.operator import Block, Operator, once
from orchestration.sample.population import NO_MANAGER
from orchestration.sample.working_time import WorkingTime


@once
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


@once
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
