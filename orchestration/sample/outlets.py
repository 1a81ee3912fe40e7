"""Where the operator sells: its own halls, and the outlets of dealers; who deals badly.

Everything here is drawn once and by position: outlet ``i`` has the number ``outlet_id(i)``. Halls
come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.operator import Operator
from orchestration.sample.places import Places
from orchestration.sample.population import day_number

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


def outlet_id(position: int) -> str:
    return f"O{position + 1:06d}"


def dealer_id(position: int) -> str:
    return f"D{position + 1:05d}"


def draw_outlets(operator: Operator) -> Outlets:
    """Draw halls and dealers with their outlets; heavy-tailed, as such lists are."""
    rng, places, scale = operator.rng("outlets"), operator.places, operator.scale
    areas, months = len(places.area_ids), len(operator.span)
    city_of = cities_of(places)
    start = day_number(operator.span[0].first)
    end = day_number(operator.span[-1].last)

    # dealers: a few are large; those who deal badly are large, though not the largest
    d = scale.dealers
    rank = rng.permutation(d)
    size = (rank + 2.0) ** -1.25 * np.exp(0.15 * rng.standard_normal(d))
    home = rng.choice(areas, size=d, p=places.weight)
    behaviour = np.full(d, -1)
    order = np.argsort(rank)
    counts = [max(2, round(d * share)) for share in (FADING, WHOLESALE, FAKING)]
    turns = np.repeat(np.arange(3), counts)
    rng.shuffle(turns)
    picked = order[1 : 1 + len(turns)]
    behaviour[picked] = turns[: len(picked)]
    fades_from = np.full(d, NEVER)
    fading = np.flatnonzero(behaviour == 0)
    fades_from[fading] = rng.integers(months // 2, max(months - 3, months // 2 + 1), len(fading))
    since = start - (60 + rng.gamma(1.6, 700, d)).astype(np.int64)

    # outlets: every area has a hall if there are enough, every dealer an outlet
    halls = min(scale.halls, scale.outlets)
    n = scale.outlets - halls
    fixed = np.arange(halls) % areas
    hall_area = np.where(
        np.arange(halls) < areas, fixed, rng.choice(areas, size=halls, p=places.weight)
    )
    hall_kind = rng.choice(6, size=halls, p=[0.0, 0.36, 0.34, 0.12, 0.1, 0.08])
    firsts = np.unique(places.county_of[hall_area], return_index=True)[1]
    hall_kind[firsts] = 0
    more = rng.choice(d, size=max(n - d, 0), p=size / size.sum())
    dealer = np.concatenate([rng.permutation(d), more])[:n]
    large = rank[dealer] < 0.1 * d
    near = _neighbours(rng, places.county_of, home[dealer])
    # large dealers have shops all over the city
    anywhere = _neighbours(rng, city_of, home[dealer])
    away, far = rng.random(n), rng.random(n)
    shop_area = np.where(away < np.where(large, 0.75, 0.1), near, home[dealer])
    shop_area = np.where(large & (far < 0.5), anywhere, shop_area)
    draw = rng.random(n)
    shop_kind = np.select(
        [large & (draw < 0.8), draw < 0.12, draw < 0.78], [EXCLUSIVE, EXCLUSIVE, AGENT], VILLAGE
    )
    kind = np.concatenate([hall_kind, shop_kind])
    count_of = np.bincount(dealer, minlength=d)
    share = np.exp(0.4 * rng.standard_normal(n)) * (size / np.maximum(count_of, 1))[dealer]
    hall_weight = np.array([3.0, 1.4, 0.9, 1.2, 0.3, 1.0])[hall_kind] * rng.uniform(0.7, 1.3, halls)

    both = halls + n
    opened = start - (40 + rng.gamma(1.8, 600, both)).astype(np.int64)
    opened[halls:] = np.maximum(opened[halls:], since[dealer])
    new = (rng.random(both) < 0.05) & (np.arange(both) >= halls) & (months > 3)
    opened[new] = start + rng.integers(20, max(end - start, 21), int(new.sum()))
    closed = np.full(both, NEVER)
    small = (np.arange(both) >= halls + d) & ~new
    gone = small & (rng.random(both) < 0.08) & (months > 3)
    closed[gone] = start + rng.integers(45, max(end - start, 46), int(gone.sum()))
    slack_from = np.full(both, NEVER)
    shops = np.arange(halls, both)
    heavy = shops[(behaviour[dealer] < 0) & ~new[halls:] & ~gone[halls:]]
    slack = rng.choice(heavy, size=min(len(heavy), max(2, round(n * SLACK))), replace=False)
    slack_from[slack] = rng.integers(months // 2, max(months - 3, months // 2 + 1), len(slack))
    poor = np.zeros(both, bool)
    poor[rng.choice(halls, size=min(halls, max(2, round(halls * POOR))), replace=False)] = True
    return Outlets(
        halls=halls,
        kind=kind,
        area=np.concatenate([hall_area, shop_area]),
        dealer=np.concatenate([np.full(halls, -1), dealer]),
        weight=np.concatenate([hall_weight / hall_weight.sum(), share / share.sum()]),
        opened=opened,
        closed=closed,
        slack_from=slack_from,
        poor=poor,
        size=size / size.sum(),
        home=home,
        since=since,
        fades_from=fades_from,
        wholesales=behaviour == 1,
        fakes=behaviour == 2,
    )


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
