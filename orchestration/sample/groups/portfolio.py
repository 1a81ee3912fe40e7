"""What group customers use: product instances and the contracts behind them, over all time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.groups.customers import (
    BUSINESS_SHRINKS,
    INDUSTRIES,
    LOST_TO_COMPETITOR,
    NO_DROP,
    SERVICE_FAILURE,
    Groups,
)
from orchestration.sample.operator import Operator
from orchestration.sample.population import day_number

COMMUNICATION, APPLICATION, SUPPORT = range(3)
BUSINESS_KINDS = ["communication", "industry_application", "service_support"]
#: product, class, bearer, kind, industry, ICT?, paid by, trial?, unit of volume, chance, weight
PRODUCTS = [
    ("G101", "vpmn", "voice", 0, None, False, "line", False, "min", 0.75, 1.0),
    ("G102", "switchboard", "voice", 0, None, False, "site", False, "min", 0.2, 0.6),
    ("G201", "sms_mas", "sms", 0, None, True, "site", True, "message", 0.12, 1.0),
    ("G202", "sms_adc", "sms", 0, None, True, "message", True, "message", 0.35, 0.5),
    ("G203", "ota", "sms", 0, None, True, "line", False, "message", 0.06, 0.4),
    ("G301", "m2m", "data", 0, None, True, "line", True, "mb", 0.12, 0.8),
    ("G302", "mail_mas", "data", 0, None, True, "site", True, "mb", 0.06, 0.6),
    ("G303", "mail_adc", "data", 0, None, True, "line", True, "mb", 0.2, 0.4),
    ("G401", "leased_line", "access", 0, None, True, "line", False, "mb", 0.3, 2.5),
    ("G501", "industry_application", "data", 1, "S92", True, "line", True, "mb", 0.5, 1.0),
    ("G502", "industry_application", "data", 1, "J67", True, "line", True, "mb", 0.5, 1.0),
    ("G503", "industry_application", "data", 1, "A04", True, "line", True, "mb", 0.5, 1.2),
    ("G504", "industry_application", "sms", 1, "P83", True, "line", True, "message", 0.5, 0.7),
    ("G505", "industry_application", "data", 1, "G54", True, "line", True, "mb", 0.5, 1.2),
    ("G506", "industry_application", "data", 1, "F52", True, "line", True, "mb", 0.4, 0.7),
    ("G507", "industry_application", "data", 1, "Q84", True, "line", True, "mb", 0.5, 1.0),
    ("G508", "industry_application", "data", 1, "D44", True, "line", True, "mb", 0.5, 1.0),
    ("G509", "industry_application", "data", 1, None, True, "line", True, "mb", 0.1, 0.6),
    ("G601", "service", "access", 2, None, True, "project", False, "hour", 0.07, 2.0),
    ("G602", "service", "access", 2, None, True, "site", False, "hour", 0.1, 0.6),
    ("G603", "service", "access", 2, None, False, "site", False, "hour", 0.1, 0.3),
]
END_REASONS = ["contract_over", "to_competitor", "business_closed", "unsatisfied"]
#: share of a group's ordinary bill that is fees of its products; the rest is what members use
FEES = 0.5
TERMS = np.array([365, 730, 1095])


@dataclass(frozen=True)
class Portfolio:
    """I product instances, one position each; days are since 1970, far ahead when never.

    ``group`` and ``product`` are positions (in ``Groups`` and ``PRODUCTS``), ``fee`` the monthly
    fee in yuan, ``reason`` a position in ``END_REASONS``. ``term`` is the length of its contracts
    in days (0 = none); they follow each other from ``started`` until ``contracts`` of them are
    over, or the instance ends.
    """

    ids: np.ndarray
    group: np.ndarray
    product: np.ndarray
    fee: np.ndarray
    lines: np.ndarray
    depth: np.ndarray
    started: np.ndarray
    ended: np.ndarray
    reason: np.ndarray
    term: np.ndarray
    contracts: np.ndarray

    def active(self, day: int) -> np.ndarray:
        """Positions of the instances in use on ``day``."""
        return np.flatnonzero((self.started <= day) & (self.ended > day))

    def contract_at(self, day: int) -> np.ndarray:
        """Number (0, 1, ...) of each instance's contract in force on ``day``, -1 for none."""
        number = (day - self.started) // np.maximum(self.term, 1)
        runs = (self.term > 0) & (self.started <= day) & (self.ended > day)
        return np.where(runs & (number < self.contracts), number, -1)


def draw_portfolio(operator: Operator, groups: Groups) -> Portfolio:
    """The products that ``groups`` have used or will use, in the order of their start."""
    rng, n, span = operator.rng("portfolio"), len(groups), operator.span
    first, last = day_number(span[0].first), day_number(span[-1].last)
    chance = np.array([p[9] for p in PRODUCTS])[None, :] * np.exp(0.5 * groups.worth)[:, None]
    codes = [i[0] for i in INDUSTRIES]
    theirs = np.array([codes.index(p[4]) if p[4] else -1 for p in PRODUCTS])
    fits = (theirs[None, :] < 0) | (theirs[None, :] == groups.industry[:, None])
    chance = np.where(fits, chance, 0.0) * np.where(groups.potential, 0.6, 1.0)[:, None]
    uses = rng.random(chance.shape) < chance
    uses[:, 0] |= ~uses.any(axis=1)
    group, product = np.nonzero(uses)
    k = len(group)

    opened = groups.opened[group]
    # most are as old as the relation or younger; a quarter come within the sample
    room = np.maximum(first - opened, 1)
    old = opened + (rng.random(k) ** 2 * room).astype(np.int64)
    new = np.maximum(opened, first) + (rng.random(k) ** 1.3 * (last - first)).astype(np.int64)
    started = np.where((rng.random(k) < 0.25) & (opened < first), new, old)
    started = np.where(opened >= first, opened + rng.integers(0, 60, k), started)
    weight = np.array([p[10] for p in PRODUCTS])[product] * np.exp(0.5 * rng.standard_normal(k))
    whole = np.bincount(group, weights=weight, minlength=n)
    fee = np.maximum(np.round(FEES * groups.spends[group] * weight / whole[group]), 5.0)
    price = {r["product_id"]: float(r["list_fee_amt"]) for r in operator.places.products}
    lines = fee / np.array([price[p[0]] for p in PRODUCTS])[product]
    lines = np.clip(lines, 1, 1.2 * groups.employees[group] + 3)

    ended, reason = _ends(operator, rng, groups, group, started)
    term = np.where(rng.random(k) < 0.75, rng.choice(TERMS, size=k, p=[0.5, 0.35, 0.15]), 0)
    runs = np.ceil((np.minimum(ended, last + 1) - started) / np.maximum(term, 1)).astype(np.int64)
    lapses = rng.random(k) < 0.2
    order = np.lexsort((product, group, started))
    return Portfolio(
        ids=np.array([f"PI{i:07d}" for i in range(1, k + 1)]),
        group=group[order],
        product=product[order],
        fee=fee[order],
        lines=np.rint(lines).astype(np.int64)[order],
        depth=rng.choice(4, size=k, p=[0.35, 0.3, 0.22, 0.13])[order],
        started=started[order],
        ended=ended[order],
        reason=reason[order],
        term=term[order],
        contracts=np.where(lapses, np.maximum(runs - 1, 1), runs + 1)[order],
    )


def _ends(
    operator: Operator,
    rng: np.random.Generator,
    groups: Groups,
    group: np.ndarray,
    started: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Last day + 1 of each instance and why: few end, but most of a group that drops."""
    k, span = len(group), operator.span
    first = np.array([day_number(m.first) for m in span])
    far = int(first[-1]) + 40_000
    yearly = rng.random(k) < 0.06 * len(span) / 12
    someday = int(first[0]) + rng.integers(0, 31 * len(span), k)
    ended = np.where(yearly, someday, far)
    reason = rng.choice(4, size=k, p=[0.5, 0.2, 0.1, 0.2])
    why = groups.drop_reason[group]
    goes = (why != NO_DROP) & (why != BUSINESS_SHRINKS)
    goes &= rng.random(k) > groups.drop_to[group]
    month = np.minimum(groups.drop_from[group] + rng.integers(-1, 3, k), len(span) + 11)
    day = first[0] + np.rint(30.44 * month).astype(np.int64) + rng.integers(0, 28, k)
    ended = np.where(goes, day, ended)
    told = np.select([why == LOST_TO_COMPETITOR, why == SERVICE_FAILURE], [1, 3], 0)
    reason = np.where(goes, told, reason)
    lost = groups.lost_from[group]
    end = first[np.minimum(lost, len(span) - 1)]
    leaves = (lost < len(span)) & (ended > end)
    ended, reason = np.where(leaves, end, ended), np.where(leaves, 1, reason)
    return np.maximum(ended, started + 20), reason
