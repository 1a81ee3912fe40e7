"""Openings of numbers: where each was sold, and where it was first used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.channel.outlets import Outlets, draw_outlets
from orchestration.sample.lives import OPEN, VOLUNTARY
from orchestration.sample.operator import Block, Operator, once
from orchestration.sample.population import CHANNELS, day_number

HALL, DEALER = CHANNELS.index("hall"), CHANNELS.index("dealer")
#: of what a dealer who wholesales sells, the share that goes to another county
ACROSS = 0.6
#: of the dealer-sold numbers that are given up within months, the share that a faking dealer raised
RAISED = 0.9
#: a raised number is given up this many months after opening
RAISED_LIVES = (1, 5)


@dataclass(frozen=True)
class Sold:
    """By place in the block; only those who open within the sample mean anything.

    ``outlet`` is a position in ``draw_outlets(operator)``, -1 for what no outlet sold (online,
    direct); ``selling_area`` and ``first_use_area`` are positions in ``places.area_ids`` (selling
    -1 without an outlet); ``opened`` and ``first_used`` are seconds since 1970 local time, both in
    the month of opening; ``fake`` marks numbers nobody uses, raised for the commission.
    """

    outlet: np.ndarray
    selling_area: np.ndarray
    first_use_area: np.ndarray
    opened: np.ndarray
    first_used: np.ndarray
    fake: np.ndarray
    across: np.ndarray


@once
def place_openings(operator: Operator, block: Block) -> Sold:
    """Where the block's newcomers were sold and first used; pure, the same for all who ask."""
    rng = operator.rng("openings", block.number)
    people, lives, span = block.people, block.lives, operator.span
    outlets, areas = draw_outlets(operator), len(operator.places.area_ids)
    county = operator.places.county_of
    n = len(people)
    new = people.opens >= 0
    month = people.opens.clip(0)
    home = lives.area[np.arange(n), month].astype(np.int64)

    opened = people.opened * 86400 + 12 * 3600
    for event in lives.events:
        first = event["type"] == OPEN
        opened[event["who"][first]] = event["second"][first]

    # who buys where: near home, but what is sold across counties goes out from far away
    fake = _raised(operator, block, outlets, rng)
    draw, again, far, journey = (rng.random(n) for _ in range(4))
    outlet = np.full(n, -1)
    faker = outlets.fakes[outlets.dealer.clip(0)] & (outlets.dealer >= 0)
    seller = outlets.wholesales[outlets.dealer.clip(0)] & (outlets.dealer >= 0)
    is_hall = outlets.dealer < 0
    across = np.zeros(n, bool)
    for t, this in enumerate(span):
        here = new & (month == t)
        usable = outlets.open_all(day_number(this.first), day_number(this.last))
        sells = outlets.weight * usable
        # the share of all dealers' sales that wholesalers carry to other counties
        carried = ACROSS * sells[seller].sum() / max(sells[~is_hall].sum(), 1e-9)
        across |= here & (people.channel == DEALER) & ~fake & (far < carried)
        shops = np.where(seller, (1 - ACROSS) * sells, sells) * ~is_hall
        left = outlets.left(t)
        steady = shops * (left == 1)
        for area in np.unique(home[here]):
            at = np.flatnonzero(here & (home == area))
            near = (outlets.area == area, county[outlets.area] == county[area])
            own = at[people.channel[at] == HALL]
            outlet[own] = _pick(draw[own], [sells * is_hall * m for m in near] + [sells * is_hall])
            bought = at[(people.channel[at] == DEALER) & ~fake[at] & ~across[at]]
            outlet[bought] = _pick(draw[bought], [shops * m for m in near] + [shops])
            # what a fading dealer no longer sells, others around sell
            lost = bought[again[bought] > left[outlet[bought]]]
            outlet[lost] = _pick(draw[lost], [steady * m for m in near] + [steady])
            raised = at[fake[at]]
            outlet[raised] = _pick(draw[raised], [sells * faker * m for m in near])
            taken = at[across[at]]
            outlet[taken] = _pick(draw[taken], [sells * seller * ~near[1], shops])
    selling = np.where(outlet >= 0, outlets.area[outlet.clip(0)], -1)
    # some are first used on a journey; a raised number is only ever switched on in the shop
    first_use = np.where(journey < 0.03, (home + 1 + draw * (areas - 1)).astype(int), home)
    first_use = np.where(fake, selling, first_use % areas)

    first_used = _first_used(operator, block, opened, across, rng)
    return Sold(outlet, selling, first_use, opened, first_used, fake, across)


def _first_used(
    operator: Operator,
    block: Block,
    opened: np.ndarray,
    across: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Second of first use: mostly at once; later, within the month, where cards are passed on."""
    people, lives, n = block.people, block.lives, len(block.people)
    month = people.opens.clip(0)
    last = np.array([day_number(m.last) for m in operator.span])[month]
    until = people.opened + (lives.until[np.arange(n), month] - lives.since[np.arange(n), month])
    wait = np.where(across, rng.integers(1, 15, n), (rng.random(n) < 0.25) * rng.integers(1, 6, n))
    day = np.minimum(people.opened + wait, np.minimum(last, until))
    later = day * 86400 + rng.integers(9 * 3600, 21 * 3600, n)
    return np.where(day > people.opened, later, opened + rng.integers(120, 3 * 3600, n))


def given_up(block: Block) -> np.ndarray:
    """The month each of the block's subscribers first leaves of free will; 10,000 if none."""
    month = np.full(len(block.people), 10_000)
    for plan in block.lives.plans:
        voluntary = plan["kind"] == VOLUNTARY
        np.minimum.at(month, plan["who"][voluntary], plan["month"][voluntary])
    return month


def _raised(
    operator: Operator, block: Block, outlets: Outlets, rng: np.random.Generator
) -> np.ndarray:
    """Which numbers were raised: soon given up, sold by dealers, in the county of one who fakes."""
    people, lives, months = block.people, block.lives, len(operator.span)
    county = operator.places.county_of
    gives_up = given_up(block)
    life = gives_up - people.opens
    soon = (life >= RAISED_LIVES[0]) & (life <= RAISED_LIVES[1])
    # of the last months we do not know yet who will be given up
    young = (people.opens >= months - 3) & (gives_up == 10_000) & (rng.random(len(people)) < 0.05)
    faker = outlets.fakes[outlets.dealer.clip(0)] & (outlets.dealer >= 0)
    steady = (outlets.opened < day_number(operator.span[0].first)) & (outlets.closed > 39_999)
    reach = np.isin(county, county[outlets.area[faker & steady]])
    home = lives.area[np.arange(len(people)), people.opens.clip(0)]
    able = (people.opens >= 0) & (people.channel == DEALER) & reach[home]
    return able & (soon | young) & (rng.random(len(people)) < RAISED)


def _pick(draw: np.ndarray, choices: list[np.ndarray]) -> np.ndarray:
    """For each draw (0..1) an outlet by weight, from the first of ``choices`` that has any."""
    for weight in choices:
        total = np.cumsum(weight)
        if total[-1] > 0:
            return np.searchsorted(total, draw * total[-1], side="right").clip(0, len(weight) - 1)
    return np.full(len(draw), -1)
