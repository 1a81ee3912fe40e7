"""Who the subscribers are: what does not change from month to month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from orchestration.sample.calendar import Month
from orchestration.sample.lists import rows
from orchestration.sample.places import Places

EPOCH = date(1970, 1, 1)
BRANDS = ["gotone", "mzone", "easyown"]
VIP_LEVELS = ["diamond", "gold", "silver", "none"]
CHANNELS = ["hall", "dealer", "online", "direct"]
#: share of new subscribers per month, and of those who had left before the first month
MONTHLY_OPENINGS = 0.011
LONG_GONE = 0.01
NO_MANAGER = -1


def day_number(day: date) -> int:
    """Days since 1970-01-01, as Arrow counts them."""
    return (day - EPOCH).days


@dataclass(frozen=True)
class Population:
    """N subscribers, one position each.

    ``opens`` is the month's position of those who open within the sample, else -1;
    ``worth`` is the logarithmic value (0 = ordinary), ``voice``, ``data``, ``vas`` the tastes that
    go with it, all about N(0, 1).
    """

    subscriber_id: list[str]
    msisdn: list[str]
    name: list[str]
    birth_year: np.ndarray
    opened: np.ndarray
    opens: np.ndarray
    long_gone: np.ndarray
    area: np.ndarray
    brand: np.ndarray
    vip: np.ndarray
    channel: np.ndarray
    worth: np.ndarray
    voice: np.ndarray
    data: np.ndarray
    vas: np.ndarray

    def __len__(self) -> int:
        return len(self.subscriber_id)


def draw_population(
    seed: int, block: int, numbers: tuple[int, int], span: list[Month], places: Places
) -> Population:
    """Draw the subscribers of a block over the months ``span``: residents, newcomers, long gone.

    ``numbers`` says how many came before those of this block, and how many these are.
    """
    before, count = numbers
    rng = np.random.default_rng([seed, 2, block])
    opens = _opening_months(rng, count, span)
    start = day_number(span[0].first)
    tenure = np.clip(rng.gamma(1.3, 1100, count), 20, 5400).astype(np.int64)
    first = np.array([day_number(m.first) for m in span])
    length = np.array([m.days for m in span])
    within = (rng.random(count) * length[opens]).astype(np.int64)
    opened = np.where(opens >= 0, first[opens] + within, start - tenure)
    long_gone = (opens < 0) & (rng.random(count) < LONG_GONE) & (tenure > 400)

    worth = rng.standard_normal(count)
    birth_year = (2026 - 18 - rng.gamma(4.2, 6.2, count)).astype(np.int64).clip(1938, 2008)
    young = birth_year > 1995
    brand = np.where(worth > 0.75, 0, np.where(young & (rng.random(count) < 0.7), 1, 2))
    vip_draw = worth + 0.35 * rng.standard_normal(count)
    vip = np.select([vip_draw > 2.4, vip_draw > 1.75, vip_draw > 1.15], [0, 1, 2], 3)
    youth = (birth_year - 1985) / 20.0
    return Population(
        subscriber_id=[f"S{i:08d}" for i in range(before + 1, before + count + 1)],
        # 11 digits that begin with 100: no operator has such numbers
        msisdn=[
            f"100{(i * 7_368_787 + 1_234_567) % 100_000_000:08d}"
            for i in range(before, before + count)
        ],
        name=_names(rng, count),
        birth_year=np.where(rng.random(count) < 0.04, 0, birth_year),
        opened=opened,
        opens=opens,
        long_gone=long_gone,
        area=rng.choice(len(places.area_ids), size=count, p=places.weight),
        brand=brand,
        vip=vip,
        channel=rng.choice(4, size=count, p=[0.42, 0.36, 0.17, 0.05]),
        worth=worth,
        voice=0.65 * worth + 0.76 * rng.standard_normal(count),
        data=0.5 * worth + 0.35 * youth + 0.75 * rng.standard_normal(count),
        vas=0.45 * worth + 0.3 * youth + 0.8 * rng.standard_normal(count),
    )


def _opening_months(rng: np.random.Generator, count: int, span: list[Month]) -> np.ndarray:
    """The month each opens in, -1 for residents; more open around Spring Festival."""
    pull = np.array([1 + 0.8 * m.festival + 0.3 * (m.first.month == 9) for m in span])
    chance = MONTHLY_OPENINGS * pull
    edges = np.cumsum(chance)
    draw = rng.random(count)
    month = np.searchsorted(edges, draw, side="right")
    # newcomers come last, so that the ids follow the order of opening
    return np.sort(np.where(month < len(span), month, -1))


def _names(rng: np.random.Generator, count: int) -> list[str]:
    surnames = np.array([r["name"] for r in rows("surnames")])
    given = np.array([r["name"] for r in rows("given_names")])
    weight = 1.0 / np.arange(3, len(surnames) + 3)
    family = rng.choice(surnames, size=count, p=weight / weight.sum())
    own = rng.choice(given, size=count)
    return [f"{a}{b}" for a, b in zip(family, own, strict=True)]
