"""Complaints of group customers, subscribers and dealers: who, about what, where and when.

What becomes of those that need a work order is in ``work_orders``. Groups that leave because the
service failed complain often before; halls that serve badly are complained about more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample.groups.customers import SERVICE_FAILURE
from orchestration.sample.population import MONTHLY_OPENINGS
from orchestration.sample.tables import numbers
from orchestration.sample.work.scene import Scene, served
from orchestration.sample.work.visits import NONE
from orchestration.sample.working_time import HOUR

WHO = ["group", "subscriber", "dealer"]
GROUP, SUBSCRIBER, DEALER = range(3)
KINDS = ["network", "bill", "service", "product", "commission", "supply"]
NETWORK, BILL, SERVICE, PRODUCT, COMMISSION, SUPPLY = range(6)
CHANNELS = ["hotline", "hall", "web", "sms", "manager"]
HOTLINE, HALL, WEB, SMS, MANAGER = range(5)
#: promised clock hours for groups of grade A, B, C, for subscribers and dealers
GROUP_LIMIT = np.array([48.0, 72.0, 96.0])
SUBSCRIBER_LIMIT, DEALER_LIMIT = 96.0, 72.0
#: a month: complaints of a group by grade, of a subscriber, of a dealer
GROUP_RATE = np.array([0.22, 0.12, 0.06])
SUBSCRIBER_RATE, DEALER_RATE = 0.0035, 0.03
#: and how many more a group sends in while the service fails
FAILING_RATE = 0.9


@dataclass(frozen=True)
class Complaints:
    """All complaints by time of receipt; ``NONE`` where a column does not apply.

    ``subscriber`` and ``dealer`` are positions, ``manager`` the manager of a group; ``against`` is
    the manager and ``outlet`` the hall complained about.
    """

    who: np.ndarray
    group: np.ndarray
    subscriber: np.ndarray
    dealer: np.ndarray
    kind: np.ndarray
    channel: np.ndarray
    manager: np.ndarray
    against: np.ndarray
    outlet: np.ndarray
    received: np.ndarray
    limit: np.ndarray
    failing: np.ndarray

    def __len__(self) -> int:
        return len(self.who)

    @property
    def ordered(self) -> np.ndarray:
        """Positions of those for which there is a work order."""
        network = (self.who == SUBSCRIBER) & (self.kind == NETWORK)
        return np.flatnonzero((self.who == GROUP) | network)


def complaint_ids(at: np.ndarray) -> pl.Series:
    """The numbers of complaints."""
    return numbers("CP", at + 1, 7)


def draw_complaints(scene: Scene) -> Complaints:
    """Every complaint received in the months of the sample."""
    months = [_draw_month(scene, t) for t in range(len(scene.operator.span))]
    return Complaints(**{k: np.concatenate([m[k] for m in months]) for k in months[0]})


def _draw_month(scene: Scene, t: int) -> dict[str, np.ndarray]:
    operator, groups, managers = scene.operator, scene.groups, scene.managers
    outlets, time = scene.outlets, scene.time
    rng, month = operator.rng("complaints", t), operator.span[t]
    known, every = served(groups, t), groups.manager_in(operator, t)
    near = groups.drop_from[known] - t
    # the service fails from three months before the group goes until three after
    failing = (groups.drop_reason[known] == SERVICE_FAILURE) & (near <= 3) & (near > -3)
    care = 1.5 - 0.8 * managers.diligence[every[known]]
    rate = GROUP_RATE[groups.grade[known]] * care + np.where(failing, FAILING_RATE, 0.0)
    calls = rng.poisson(rate)
    group, fails = np.repeat(known, calls), np.repeat(failing, calls)
    a = len(group)
    b = rng.poisson(SUBSCRIBER_RATE * operator.scale.subscribers * (1 + 0.3 * month.festival))
    # only numbers that were in use when the sample begins: they are the first ones of a block
    left = 1 - 1.3 * MONTHLY_OPENINGS * len(operator.span)
    blocks = operator.scale.cuts()
    settled = np.array([int(block.count * max(0.1, left)) for block in blocks])
    until = np.cumsum(settled)
    c = rng.poisson(DEALER_RATE * operator.scale.dealers)
    n = a + b + c
    who = np.repeat([GROUP, SUBSCRIBER, DEALER], [a, b, c])

    kind = rng.choice(4, size=n, p=[0.42, 0.24, 0.22, 0.12])
    kind[:a][fails] = rng.choice([NETWORK, SERVICE], size=int(fails.sum()), p=[0.4, 0.6])
    kind[a + b :] = rng.choice([COMMISSION, SUPPLY, SERVICE], size=c, p=[0.55, 0.25, 0.2])
    channel = rng.choice(5, size=n, p=[0.5, 0.0, 0.2, 0.1, 0.2])
    channel[a : a + b] = rng.choice(4, size=b, p=[0.62, 0.2, 0.12, 0.06])
    channel[a + b :] = rng.choice([HOTLINE, WEB, SMS], size=c, p=[0.3, 0.45, 0.25])
    manager = np.full(n, NONE)
    manager[:a] = every[group]
    blames = (who == GROUP) & (kind == SERVICE) & (rng.random(n) < 0.7)
    halls = outlets.weight[: outlets.halls] * np.where(outlets.poor[: outlets.halls], 6.0, 1.0)
    hall = rng.choice(outlets.halls, size=n, p=halls / halls.sum())
    at_hall = (who == SUBSCRIBER) & ((channel == HALL) | ((kind == SERVICE) & (channel == HOTLINE)))

    workdays = time.month(month)
    first = int(np.datetime64(month.first, "D").astype(int))
    day = np.where(
        who == SUBSCRIBER,
        first + rng.integers(0, month.days, n),
        workdays[rng.integers(0, len(workdays), n)],
    )
    second = np.where(
        who == SUBSCRIBER,
        rng.integers(8 * HOUR, 22 * HOUR, n),
        rng.integers(9 * HOUR, 18 * HOUR, n),
    )
    received = day * 86400 + second
    limit = np.full(n, SUBSCRIBER_LIMIT)
    limit[:a], limit[a + b :] = GROUP_LIMIT[groups.grade[group]], DEALER_LIMIT
    order = np.argsort(received, kind="stable")
    place = rng.integers(0, until[-1], b)
    block = np.searchsorted(until, place, side="right")
    begins = np.array([each.first for each in blocks])
    subscriber = place - (until - settled)[block] + begins[block]
    made = {
        "who": who,
        "group": np.concatenate([group, np.full(b + c, NONE)]),
        "subscriber": _padded(subscriber, a, c),
        "dealer": np.concatenate(
            [np.full(a + b, NONE), rng.integers(0, operator.scale.dealers, c)]
        ),
        "kind": kind,
        "channel": channel,
        "manager": manager,
        "against": np.where(blames, manager, NONE),
        "outlet": np.where(at_hall, hall, NONE),
        "received": received,
        "limit": limit,
        "failing": np.concatenate([fails, np.zeros(b + c, bool)]),
    }
    return {k: v[order] for k, v in made.items()}


def _padded(values: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.concatenate([np.full(before, NONE), values, np.full(after, NONE)])
