"""From opportunity to order: found on visits and elsewhere, six steps to a contract, the opening.

Opportunities grow out of visits that heard a need, so managers who visit well sell more; those who
game the count find none on their own. Rivals bid where a group is about to leave for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample.groups.customers import (
    GROUP_PRODUCTS,
    LEASED_LINE,
    LOST_TO_COMPETITOR,
    M2M,
    Groups,
)
from orchestration.sample.operator import Operator
from orchestration.sample.tables import numbers
from orchestration.sample.work.managers import AUTHORITY, Managers
from orchestration.sample.work.scene import served
from orchestration.sample.work.visits import NEEDS, NONE, Visits
from orchestration.sample.working_time import HOUR, NEVER, WorkingTime, in_months, window

SOURCES = ["manager", "agent", "portal", "hotline", "hall", "liaison"]
LOST_REASONS = ["price", "rival", "no_need", "late", "resource"]
PRE_SALES = ["visit", "need", "solution", "proposal", "negotiation", "contract"]
#: usual business hours of the six steps, and the share of opportunities dropped at each
STEP_HOURS = np.array([3.0, 14.0, 26.0, 9.0, 22.0, 12.0])
STEP_DROPS = np.array([0.03, 0.11, 0.09, 0.1, 0.17, 0.06])
PATHS = ["instant_open", "eoms_link", "platform_open", "si_order"]
INSTANT, EOMS, PLATFORM, PARTNER = range(4)
#: products dearer than this (hundredths) are sold by the site, others by the head
PER_HEAD = 100_00
#: days within which each path is promised to be open
PROMISE = np.array([1, 30, 12, 35])
NEW, CHANGE, CANCEL = range(3)
ORDER_TYPES = ["new", "change", "cancel"]


@dataclass(frozen=True)
class Products:
    """Products for groups: ids, monthly list fee in hundredths a line, how often asked for."""

    ids: list[str]
    fee: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Opportunities:
    """All opportunities; ``steps`` of shape (N, 7) are when each step starts and the last ends.

    ``dropped`` is the step at which it was lost (6 when won). Times are seconds since 1970.
    """

    group: np.ndarray
    manager: np.ndarray
    product: np.ndarray
    source: np.ndarray
    visit: np.ndarray
    need: np.ndarray
    lines: np.ndarray
    rival: np.ndarray
    found: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    dropped: np.ndarray
    closed: np.ndarray
    reason: np.ndarray
    trial: np.ndarray

    def __len__(self) -> int:
        return len(self.group)

    @property
    def won(self) -> np.ndarray:
        """Positions of those that end in a contract."""
        return np.flatnonzero(self.dropped == len(PRE_SALES))


@dataclass(frozen=True)
class Orders:
    """All orders; ``opportunity`` is -1 for changes and cancellations of what runs already.

    ``self_approved`` marks discounts that the manager granted alone.
    """

    group: np.ndarray
    manager: np.ndarray
    product: np.ndarray
    opportunity: np.ndarray
    kind: np.ndarray
    path: np.ndarray
    lines: np.ndarray
    list_amt: np.ndarray
    discount: np.ndarray
    self_approved: np.ndarray
    accepted: np.ndarray
    sync_failed: np.ndarray
    cancelled: np.ndarray

    def __len__(self) -> int:
        return len(self.group)


def opportunity_ids(at: np.ndarray) -> pl.Series:
    """The numbers of opportunities."""
    return numbers("OP", at + 1, 7)


def order_ids(at: np.ndarray) -> pl.Series:
    """The numbers of sales orders."""
    return numbers("SO", at + 1, 7)


def group_products(operator: Operator) -> Products:
    """What may be sold to groups: the core products most, applications and services sometimes."""
    found = [p for p in operator.places.products if p["product_id"].startswith("G")]
    ids = [p["product_id"] for p in found]
    weight = np.array([6.0 if i in GROUP_PRODUCTS else 1.0 for i in ids])
    weight[[k for k, i in enumerate(ids) if i == GROUP_PRODUCTS[LEASED_LINE]]] = 12.0
    fee = np.array([round(float(p["list_fee_amt"]) * 100) for p in found])
    return Products(ids, fee, weight / weight.sum())


def draw_opportunities(
    operator: Operator, groups: Groups, managers: Managers, visits: Visits, time: WorkingTime
) -> Opportunities:
    """Every opportunity found in the months of the sample, in the order of being found."""
    rng, products = operator.rng("opportunities"), group_products(operator)
    chance = 0.4 * np.exp(0.3 * managers.skill[visits.manager])
    from_visit = np.flatnonzero((visits.need != NONE) & (rng.random(len(visits)) < chance))
    parts = [(visits.group[from_visit], visits.manager[from_visit], visits.told[from_visit])]
    for t in range(len(operator.span)):
        known = served(groups, t)
        calls = rng.poisson(np.array([0.15, 0.09, 0.05])[groups.grade[known]])
        group = np.repeat(known, calls)
        days = time.month(operator.span[t])
        day = days[rng.integers(0, len(days), len(group))]
        when = day * 86400 + rng.integers(9 * HOUR, 18 * HOUR, len(group))
        parts.append((group, groups.manager_in(operator, t)[group], when))
    group, manager, found = (np.concatenate([p[i] for p in parts]) for i in range(3))
    own = len(from_visit)
    visit = np.concatenate([from_visit, np.full(len(group) - own, NONE)])
    source = np.where(visit != NONE, 0, rng.choice([1, 2, 3, 4, 5], size=len(group)))
    need = np.where(visit != NONE, visits.need[visit], rng.integers(0, len(NEEDS), len(group)))
    keep = found < window(operator.span[-1])[1]
    order = np.flatnonzero(keep)[np.argsort(found[keep], kind="stable")]
    group, manager, found, visit, source, need = (
        a[order] for a in (group, manager, found, visit, source, need)
    )
    n, month = len(group), in_months(found, operator.span)
    product = rng.choice(len(products.ids), size=n, p=products.weight)
    heads = (products.fee < PER_HEAD)[product]
    wanted = groups.employees[group] * rng.beta(1.2, 4, n)
    lines = np.where(heads, np.maximum(wanted, 2), rng.integers(1, 4, n)).astype(np.int64)

    near = groups.drop_from[group] - month
    courted = (groups.drop_reason[group] == LOST_TO_COMPETITOR) & (near <= 3)
    rival = np.where(rng.random(n) < np.where(courted, 0.8, 0.22), rng.integers(0, 2, n), NONE)
    drops = STEP_DROPS * np.exp(-0.25 * managers.skill[manager])[:, None]
    drops = drops + np.where(courted, 0.14, np.where(rival != NONE, 0.03, 0.0))[:, None]
    lost_at = rng.random((n, 6)) < drops
    dropped = np.where(lost_at.any(axis=1), lost_at.argmax(axis=1), 6)
    slow = (1.5 - 0.8 * managers.diligence[manager])[:, None]
    work = STEP_HOURS * np.exp(0.6 * rng.standard_normal((n, 6))) * slow * HOUR
    idle = rng.exponential(1.0, (n, 6)) * 5 * HOUR * slow
    ends = time.offset(found)[:, None] + np.cumsum(work + idle, axis=1).astype(np.int64)
    starts = ends - work.astype(np.int64)
    closed = ends[np.arange(n), np.minimum(dropped, 5)]
    # a trial begins with the proposal
    trial = (dropped >= 4) & (rng.random(n) < 0.28) & heads
    return Opportunities(
        group, manager, product, source, visit, need, lines, rival, found,
        time.clock(starts), time.clock(ends), dropped, time.clock(closed),
        _reasons(rng, rival, slow[:, 0], dropped), trial,
    )  # fmt: skip


def _reasons(
    rng: np.random.Generator, rival: np.ndarray, slow: np.ndarray, dropped: np.ndarray
) -> np.ndarray:
    """Why each was lost, had it been: the rival if there was one, slowness of the slow."""
    draw, other = rng.random(len(rival)), rng.choice([0, 2, 4], size=len(rival), p=[0.5, 0.4, 0.1])
    late = (draw > 0.75) & (slow > 1.0)
    return np.select([dropped == 6, (rival != NONE) & (draw < 0.6), late], [NONE, 1, 3], other)


def draw_orders(
    operator: Operator, groups: Groups, managers: Managers, sold: Opportunities, time: WorkingTime
) -> Orders:
    """An order for every contract, and changes and cancellations besides, by time of acceptance."""
    rng, products = operator.rng("orders"), group_products(operator)
    won = sold.won
    accepted = time.after(sold.closed[won], rng.exponential(1.0, len(won)) * 2 * HOUR)
    parts = [(sold.group[won], sold.manager[won], sold.product[won], sold.lines[won], accepted)]
    for t in range(len(operator.span)):
        known = served(groups, t)
        leaving = (groups.drop_from[known] <= t) & (t < groups.drop_from[known] + 3)
        changes = rng.poisson(np.where(leaving, 0.4, 0.05))
        group = np.repeat(known, changes)
        days = time.month(operator.span[t])
        when = days[rng.integers(0, len(days), len(group))] * 86400
        when = when + rng.integers(9 * HOUR, 18 * HOUR, len(group))
        core = rng.choice(len(GROUP_PRODUCTS), size=len(group))
        lines = rng.integers(1, 20, len(group))
        parts.append((group, groups.manager_in(operator, t)[group], core, lines, when))
    group, manager, product, lines, accepted = (
        np.concatenate([p[i] for p in parts]) for i in range(5)
    )
    n = len(group)
    opportunity = np.concatenate([won, np.full(n - len(won), NONE)])
    gone = groups.drop_from[group] <= in_months(accepted, operator.span)
    kind = np.where(opportunity != NONE, NEW, np.where(gone, CANCEL, CHANGE))
    core = np.array([GROUP_PRODUCTS.index(i) if i in GROUP_PRODUCTS else -1 for i in products.ids])
    line = np.isin(core[product], [LEASED_LINE, M2M])
    partner = np.array([i.startswith(("G5", "G6")) for i in products.ids])[product]
    path = np.select([line, partner], [EOMS, PARTNER], PLATFORM)
    quick = (path == PLATFORM) & (rng.random(n) < np.where(kind == NEW, 0.15, 0.4))
    path = np.where(quick, INSTANT, path)
    path = np.where((path == PARTNER) & (kind != NEW), PLATFORM, path)
    list_amt = products.fee[product] * lines
    share = np.where((kind == NEW) & (rng.random(n) < 0.55), rng.uniform(0.05, 0.35, n), 0.0)
    share = np.where(managers.oversteps[manager] & (kind == NEW), rng.uniform(0.3, 0.6, n), share)
    discount = (list_amt * share).astype(np.int64)
    within = discount <= AUTHORITY[managers.grade[manager]]
    order = np.argsort(accepted, kind="stable")
    order = order[accepted[order] < window(operator.span[-1])[1]]
    fields = (
        group, manager, product, opportunity, kind, path, lines, list_amt, discount,
        within | managers.oversteps[manager], accepted, rng.poisson(0.08, n),
        np.where((kind == NEW) & (rng.random(n) < 0.03), accepted + 6 * HOUR, NEVER),
    )  # fmt: skip
    return Orders(*(f[order] for f in fields))
