"""What is done at counters and terminals in a month, transaction by transaction; and its sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.calendar import SPRING_FESTIVAL, Month
from orchestration.sample.channel.clerks import TERMINALS
from orchestration.sample.channel.dealer_business import handled, season
from orchestration.sample.channel.outlets import draw_outlets
from orchestration.sample.operator import Operator
from orchestration.sample.population import day_number

TYPES = [
    "account_opening",
    "card_replacement",
    "special_prepayment",
    "payment",
    "product_change",
    "campaign_order",
    "enquiry",
    "handset_sale",
    "echannel_promotion",
]
PAYMENT, PRODUCT_CHANGE, CAMPAIGN, ENQUIRY, HANDSET = 3, 4, 5, 6, 7
#: at all halls in a month, for each subscriber of the operator
HALL_RATES = np.array([0.0046, 0.01, 0.008, 0.125, 0.03, 0.02, 0.06, 0.006, 0.012])
#: minutes a clerk needs, and yuan a customer pays on average
MINUTES = np.array([12, 6, 8, 3, 7, 9, 4, 15, 5])
AMOUNTS = np.array([60, 10, 320, 75, 0, 0, 0, 1500, 0])
SHOP_MIX = {PAYMENT: 0.5, PRODUCT_CHANGE: 0.33, CAMPAIGN: 0.17}
#: subscribers served by the outlets whose single transactions are held in memory at once
SERVED = 250_000


@dataclass(frozen=True)
class Done:
    """Single transactions of a month; ``terminal`` is 0 at a counter, ``amount`` in hundredths."""

    outlet: np.ndarray
    day: np.ndarray
    kind: np.ndarray
    terminal: np.ndarray
    clerk: np.ndarray
    amount: np.ndarray


@dataclass(frozen=True)
class Some:
    """Some of the outlets, by position: no more than what fits into memory is done at once."""

    number: int
    halls: range
    shops: range


def outlets_at_once(operator: Operator) -> list[Some]:
    """All outlets, shared out so that each share serves ``SERVED`` subscribers at most."""
    o = draw_outlets(operator)
    count = min(-(-operator.scale.subscribers // SERVED), o.halls)
    halls = [o.halls * i // count for i in range(count + 1)]
    shops = [o.halls + (len(o) - o.halls) * i // count for i in range(count + 1)]
    return [
        Some(i, range(halls[i], halls[i + 1]), range(shops[i], shops[i + 1])) for i in range(count)
    ]


@dataclass
class Summed:
    """What was done at all halls in a month: transactions and handset sales of each hall,
    transactions and amounts by terminal and business day, and those of terminals by kind and day.
    """

    visits: np.ndarray
    handsets: np.ndarray
    used: np.ndarray
    taken: np.ndarray
    self_service: dict[int, np.ndarray]

    def add(self, done: Done, month: Month, first: np.ndarray) -> None:
        """Count ``done``; ``first`` is the place of the first terminal of each hall."""
        opened, n = business_days(month), len(self.visits)
        self.visits += np.bincount(done.outlet, minlength=n)
        self.handsets += np.bincount(done.outlet[done.kind == HANDSET], minlength=n)
        by = done.terminal > 0
        at = first[done.outlet[by]] + done.terminal[by] - 1
        cell = at * len(opened) + np.searchsorted(opened, done.day[by])
        self.used += np.bincount(cell, minlength=len(self.used))
        self.taken += np.bincount(cell, done.amount[by], minlength=len(self.taken))
        for kind, count in self.self_service.items():
            day = done.day[by & (done.kind == kind)] - day_number(month.first)
            np.add(count, np.bincount(day, minlength=month.days), out=count)


def business_days(month: Month) -> np.ndarray:
    """Days on which halls are open: all but the first two of Spring Festival."""
    festival = SPRING_FESTIVAL.get(month.first.year)
    closed = set() if festival is None else {day_number(festival), day_number(festival) + 1}
    first = day_number(month.first)
    return np.array([d for d in range(first, first + month.days) if d not in closed])


def done_at_halls(operator: Operator, t: int, some: Some) -> Done:
    """All that was done at some of the own halls in month ``t``; pure."""
    rng, o = operator.rng("hall_business", t, some.number), draw_outlets(operator)
    weight = o.weight[some.halls.start : some.halls.stop]
    total = HALL_RATES.sum() * operator.scale.subscribers * season(operator, t)
    outlet = np.repeat(np.array(some.halls), rng.poisson(total * weight))
    n = len(outlet)
    kind = rng.choice(len(TYPES), n, p=HALL_RATES / HALL_RATES.sum())
    opened = business_days(operator.span[t])
    # 1970-01-01 was a Thursday
    pull = np.where((opened + 3) % 7 >= 5, 0.75, 1.0)
    day = rng.choice(opened, n, p=pull / pull.sum())
    terminals = TERMINALS[o.kind[outlet]]
    habit = operator.rng("self_service").uniform(0.2, 0.6, o.halls)[outlet]
    habit = np.where(o.kind[outlet] == 4, 0.95, habit)
    serves = (terminals >= 2) & (rng.random(n) < habit) & np.isin(kind, (PAYMENT, ENQUIRY))
    # payments at the 1st, 4th and 6th, enquiries at the 2nd, 3rd and 5th, as far as there are
    pays = kind == PAYMENT
    choice = np.where(pays, 1 + (terminals >= 4) + (terminals >= 6), 1 + (terminals >= 3))
    choice = choice + np.where(~pays & (terminals >= 5), 1, 0)
    place = (rng.random(n) * choice).astype(np.int64)
    number = np.where(pays, np.array([1, 4, 6])[place], np.array([2, 3, 5])[place])
    terminal = np.where(serves, number, 0)
    return Done(outlet, day, kind, terminal, rng.random(n), _amounts(rng, kind))


def done_at_shops(operator: Operator, t: int, some: Some) -> Done:
    """What some of the dealers' shops handled in month ``t``: that for which they get a fee."""
    rng, o = operator.rng("shop_business", t, some.number), draw_outlets(operator)
    month, shops = operator.span[t], np.array(some.shops)
    outlet = np.repeat(shops, handled(operator, t)[shops])
    n = len(outlet)
    first = np.maximum(day_number(month.first), o.opened[outlet])
    last = np.minimum(day_number(month.last), o.closed[outlet])
    day = first + (rng.random(n) * (last - first + 1)).astype(np.int64)
    kind = rng.choice(list(SHOP_MIX), n, p=list(SHOP_MIX.values()))
    terminal = np.zeros(n, np.int64)
    return Done(outlet, day, kind, terminal, rng.random(n), _amounts(rng, kind))


def _amounts(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    return (AMOUNTS[kind] * rng.gamma(3, 1 / 3, len(kind))).astype(np.int64) * 100
