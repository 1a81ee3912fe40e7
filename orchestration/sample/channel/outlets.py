"""Where the operator sells: its own halls, and the outlets of dealers; who deals badly.

Everything here is drawn once and by position: outlet ``i`` has the number ``outlet_id(i)``. Halls
come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestration.sample.operator import Operator, once
from orchestration.sample.places import Places
from orchestration.sample.population import day_number

#: a position, from a list or an array
Place = int | np.integer[Any]
HALL_TYPES = [
    "comprehensive_hall",
    "community_hall",
    "township_hall",
    "brand_store",
    "self_service_hall",
    "handset_mall",
]
EXCLUSIVE, AGENT, VILLAGE = 6, 7, 8
OUTLET_TYPES = [*HALL_TYPES, "exclusive_shop", "agent", "village_point"]
NEVER = 40_000
#: how many dealers in a hundred fade, sell across areas and raise fake openings
FADING, WHOLESALE, FAKING = 0.0075, 0.0075, 0.0075
#: outlets in a hundred whose air recharge falls though their dealer does not fade
SLACK = 0.02
#: halls in a hundred that serve badly
POOR = 0.08
#: what a fading dealer still sells in the first, second … month of fading
FADE_LEFT = np.array([0.7, 0.45, 0.28, 0.18, 0.12])


@dataclass(frozen=True)
class Outlets:
    """All outlets (arrays by outlet) and dealers (arrays by dealer).

    ``weight`` and ``size`` are shares of what all halls, or all dealers, sell; ``dealer`` is -1 for
    halls; days count from 1970; ``fades_from`` is the month a dealer begins to fade (``NEVER``),
    ``slack_from`` the one in which an outlet's air recharge begins to fall.
    """

    halls: int
    kind: np.ndarray
    area: np.ndarray
    dealer: np.ndarray
    weight: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    slack_from: np.ndarray
    poor: np.ndarray
    size: np.ndarray
    home: np.ndarray
    since: np.ndarray
    fades_from: np.ndarray
    wholesales: np.ndarray
    fakes: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def left(self, t: int) -> np.ndarray:
        """Share of its ordinary sales that each outlet still makes in month ``t``."""
        faded = _fade(t, self.fades_from)
        return np.where(self.dealer < 0, 1.0, faded[self.dealer.clip(0)])

    def recharge_left(self, t: int) -> np.ndarray:
        """The same of air recharge, which also falls at slack outlets."""
        return self.left(t) * _fade(t, self.slack_from)

    def open_all(self, first: int, last: int) -> np.ndarray:
        """Which outlets are open on every day from ``first`` to ``last``."""
        return (self.opened < first) & (self.closed > last)


def _fade(t: int, start: np.ndarray) -> np.ndarray:
    step = (t - start).clip(-1, len(FADE_LEFT) - 1)
    return np.where(step < 0, 1.0, FADE_LEFT[step.clip(0)])


def outlet_id(position: Place) -> str:
    return f"O{position + 1:06d}"


def dealer_id(position: Place) -> str:
    return f"D{position + 1:05d}"


@dataclass(frozen=True)
class _Dealers:
    """Dealers before they have outlets; ``behaviour``: 0 fades, 1 wholesales, 2 fakes, else -1."""

    rank: np.ndarray
    size: np.ndarray
    home: np.ndarray
    since: np.ndarray
    behaviour: np.ndarray
    fades_from: np.ndarray


@once
def draw_outlets(operator: Operator) -> Outlets:
    """Draw halls and dealers with their outlets; heavy-tailed, as such lists are."""
    rng, scale = operator.rng("outlets"), operator.scale
    months = len(operator.span)
    start = day_number(operator.span[0].first)
    end = day_number(operator.span[-1].last)
    dealers = _draw_dealers(operator, rng)
    halls = min(scale.halls, scale.outlets)
    hall_area, hall_kind = _draw_halls(operator, rng, halls)
    n = scale.outlets - halls
    dealer, shop_area, shop_kind = _draw_shops(operator, rng, dealers, n)
    share = np.exp(0.4 * rng.standard_normal(n))
    share *= (dealers.size / np.bincount(dealer, minlength=scale.dealers).clip(1))[dealer]
    hall_weight = np.array([3.0, 1.4, 0.9, 1.2, 0.3, 1.0])[hall_kind] * rng.uniform(0.7, 1.3, halls)

    # some open and some close within the sample, among the shops that do not matter much
    both = halls + n
    opened = start - (40 + rng.gamma(1.8, 600, both)).astype(np.int64)
    opened[halls:] = np.maximum(opened[halls:], dealers.since[dealer])
    is_shop = np.arange(both) >= halls
    new = (rng.random(both) < 0.05) & is_shop & (months > 3)
    opened[new] = start + rng.integers(20, max(end - start, 21), int(new.sum()))
    closed = np.full(both, NEVER)
    chance = np.zeros(both)
    chance[halls:] = np.where(dealers.rank[dealer] > 0.3 * scale.dealers, 0.05, 0.0)
    chance[halls + scale.dealers :] += 0.05
    gone = ~new & (rng.random(both) < chance) & (months > 3)
    closed[gone] = start + rng.integers(45, max(end - start, 46), int(gone.sum()))

    slack_from = np.full(both, NEVER)
    able = np.flatnonzero(is_shop & ~new & ~gone)
    able = able[dealers.behaviour[dealer[able - halls]] < 0]
    able = able[np.argsort(-share[able - halls])][: max(len(able) // 3, 2)]
    slack = rng.choice(able, size=min(len(able), max(2, round(n * SLACK))), replace=False)
    slack_from[slack] = _late_month(rng, months, len(slack))
    poor = np.zeros(both, bool)
    poor[rng.choice(halls, size=min(halls, max(2, round(halls * POOR))), replace=False)] = True
    return Outlets(
        halls=halls,
        kind=np.concatenate([hall_kind, shop_kind]),
        area=np.concatenate([hall_area, shop_area]),
        dealer=np.concatenate([np.full(halls, -1), dealer]),
        weight=np.concatenate([hall_weight / hall_weight.sum(), share / share.sum()]),
        opened=opened,
        closed=closed,
        slack_from=slack_from,
        poor=poor,
        size=dealers.size,
        home=dealers.home,
        since=dealers.since,
        fades_from=dealers.fades_from,
        wholesales=dealers.behaviour == 1,
        fakes=dealers.behaviour == 2,
    )


def _late_month(rng: np.random.Generator, months: int, count: int) -> np.ndarray:
    """Months in the second half of the sample, early enough to be noticed."""
    half = months // 2
    return rng.integers(half, max(months - 3, half + 1), count)


def _draw_dealers(operator: Operator, rng: np.random.Generator) -> _Dealers:
    """A few are large; those who deal badly are large, though not the largest."""
    places, d, months = operator.places, operator.scale.dealers, len(operator.span)
    rank = rng.permutation(d)
    size = (rank + 2.0) ** -1.25 * np.exp(0.15 * rng.standard_normal(d))
    turns = np.repeat(np.arange(3), [max(2, round(d * s)) for s in (FADING, WHOLESALE, FAKING)])
    rng.shuffle(turns)
    picked = np.argsort(rank)[1 : 1 + len(turns)]
    behaviour = np.full(d, -1)
    behaviour[picked] = turns[: len(picked)]
    fades_from = np.full(d, NEVER)
    fading = np.flatnonzero(behaviour == 0)
    fades_from[fading] = _late_month(rng, months, len(fading))
    return _Dealers(
        rank=rank,
        size=size / size.sum(),
        home=rng.choice(len(places.area_ids), size=d, p=places.weight),
        since=day_number(operator.span[0].first) - (60 + rng.gamma(1.6, 700, d)).astype(np.int64),
        behaviour=behaviour,
        fades_from=fades_from,
    )


def _draw_halls(
    operator: Operator, rng: np.random.Generator, halls: int
) -> tuple[np.ndarray, np.ndarray]:
    """Area and kind of each hall: one for every area first, a comprehensive one in each county."""
    places = operator.places
    areas = len(places.area_ids)
    further = rng.choice(areas, size=halls, p=places.weight)
    area = np.where(np.arange(halls) < areas, np.arange(halls) % areas, further)
    kind = rng.choice(len(HALL_TYPES), size=halls, p=[0.0, 0.36, 0.34, 0.12, 0.1, 0.08])
    kind[np.unique(places.county_of[area], return_index=True)[1]] = 0
    return area, kind


def _draw_shops(
    operator: Operator, rng: np.random.Generator, dealers: _Dealers, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dealer, area and kind of each shop: one for every dealer first, the others by size."""
    places, d = operator.places, operator.scale.dealers
    more = rng.choice(d, size=max(n - d, 0), p=dealers.size)
    dealer = np.concatenate([rng.permutation(d), more])[:n]
    large = dealers.rank[dealer] < 0.1 * d
    near = _neighbours(rng, places.county_of, dealers.home[dealer])
    # large dealers have shops all over the city
    anywhere = _neighbours(rng, cities_of(places), dealers.home[dealer])
    away, far = rng.random(n), rng.random(n)
    area = np.where(away < np.where(large, 0.75, 0.1), near, dealers.home[dealer])
    area = np.where(large & (far < 0.5), anywhere, area)
    draw = rng.random(n)
    # everybody opens the first shop in the street of the office
    area[: min(d, n)] = dealers.home[dealer[:d]]
    exclusive, other, agent = operator.scale.shop_kinds
    kind = np.select(
        [large & (draw < exclusive), draw < other, draw < agent],
        [EXCLUSIVE, EXCLUSIVE, AGENT],
        VILLAGE,
    )
    return dealer, area, kind


def cities_of(places: Places) -> np.ndarray:
    """Position of the city of each area."""
    parent = {u["org_unit_id"]: u["parent_id"] for u in places.units}
    return np.unique([parent[parent[a]] for a in places.area_ids], return_inverse=True)[1]


def _neighbours(rng: np.random.Generator, unit_of: np.ndarray, area: np.ndarray) -> np.ndarray:
    """For each area one of its county or city (``unit_of`` each area), maybe itself."""
    inside = [np.flatnonzero(unit_of == c) for c in range(unit_of.max() + 1)]
    draw = rng.random(len(area))
    found = area.copy()
    for unit, choice in enumerate(inside):
        here = unit_of[area] == unit
        found[here] = choice[(draw[here] * len(choice)).astype(np.int64)]
    return found
