"""Who the group customers are, and what is going to become of them.

Everything about groups is made from what ``draw_groups`` says: cheap, pure, the same for an
operator, one position per group. The feeds themselves are in ``master``, ``people``, ``members``,
``billing`` and ``accounts``, and in ``market.competition``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.lists import rows
from orchestration.sample.lives import HANDOVER_FROM, HANDOVER_PERIOD, HANDOVER_TO
from orchestration.sample.operator import Operator, once
from orchestration.sample.population import day_number

#: division of GB/T 4754-2017, end of a firm's name, how common, how big, how much it spends a head
INDUSTRIES = [
    ("A04", "远洋渔业有限公司", 0.03, 0.1, 0.2),
    ("C13", "食品加工有限公司", 0.09, 0.2, -0.3),
    ("C34", "机械制造有限公司", 0.13, 0.5, -0.1),
    ("D44", "热力供应有限公司", 0.03, 0.6, 0.3),
    ("E47", "建筑工程有限公司", 0.09, 0.3, 0.1),
    ("F51", "商贸批发有限公司", 0.11, -0.6, 0.0),
    ("F52", "百货商场有限公司", 0.10, -0.2, -0.3),
    ("G54", "汽车运输有限公司", 0.08, 0.1, 0.3),
    ("H61", "大酒店有限公司", 0.06, -0.3, 0.0),
    ("I65", "软件技术有限公司", 0.05, -0.5, 0.5),
    ("J66", "农村合作银行", 0.03, 0.4, 0.6),
    ("J67", "证券营业部", 0.03, -0.4, 0.8),
    ("P83", "职业技术学校", 0.06, 0.5, -0.4),
    ("Q84", "综合医院", 0.05, 0.8, 0.1),
    ("S92", "公共事务服务中心", 0.06, 0.2, 0.3),
]

#: the products of group customers (``seeds/sample/products.csv``); the first nine are the core ones
VPMN, SWITCHBOARD, SMS_MAS, SMS_ADC, OTA, M2M, MAIL_MAS, MAIL_ADC, LEASED_LINE = range(9)
GROUP_PRODUCTS = ["G101", "G102", "G201", "G202", "G203", "G301", "G302", "G303", "G401"]

NEVER = 10_000
NO_DROP = -1
DROP_REASONS = ["competitor", "business_shrinks", "relation_lost", "service_failure"]
LOST_TO_COMPETITOR, BUSINESS_SHRINKS, RELATION_LOST, SERVICE_FAILURE = range(4)
#: shares of groups: open within the sample (a year), lose value (important ones more often),
#: hide their value, stop paying
OPENING = 0.06
DROPPING = 0.05
POTENTIAL = 0.07
GOING_BAD = 0.04
#: small groups that leave, a year
LEAVING = 0.05
#: share of its ordinary spending that a group of hidden value spends today
POTENTIAL_SPENDS = 0.3


@dataclass(frozen=True)
class Groups:
    """N group customers, one position each.

    ``area`` and ``manager`` are positions in ``Places`` (``manager_in`` knows of handovers),
    ``industry`` in ``INDUSTRIES``. ``opened`` is a day (since 1970), ``opens`` the month's
    position when that is within the sample, else -1. ``worth`` is the latent value: about
    N(0, 1), what an ordinary group like this would be worth; ``grade`` follows from it and size
    (0 = A: the first tenth, 1 = B: to 0.3, 2 = C). ``control`` is 0 by the province, 1 by the
    city, 2 by nobody above the county. ``leader`` says whether it leads its industry,
    ``influence`` (1-5) how far it drives the economy around it. ``spends`` is the ordinary
    monthly bill in yuan.

    What will become of them: ``drop_from`` is the month's position from which spending falls to
    ``drop_to`` of what it was (``NEVER`` if it does not), ``drop_reason`` why. ``potential``
    groups are much bigger than their bill. ``bad_from`` is the month of the first bill that is
    never paid (``NEVER`` if all are). ``lost_from`` is the month from which it is no customer any
    more (``NEVER`` if it stays): some of those that drop, and a few small ones.
    """

    ids: list[str]
    names: list[str]
    area: np.ndarray
    manager: np.ndarray
    industry: np.ndarray
    employees: np.ndarray
    opened: np.ndarray
    opens: np.ndarray
    worth: np.ndarray
    grade: np.ndarray
    control: np.ndarray
    leader: np.ndarray
    influence: np.ndarray
    spends: np.ndarray
    drop_from: np.ndarray
    drop_to: np.ndarray
    drop_reason: np.ndarray
    potential: np.ndarray
    bad_from: np.ndarray
    lost_from: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def known(self, t: int) -> np.ndarray:
        """Positions of the groups that were customers at the end of month ``t``, rising."""
        return np.flatnonzero(self.opens <= t)

    def manager_in(self, operator: Operator, t: int) -> np.ndarray:
        """Position of each group's account manager at the end of month ``t``."""
        if operator.span[t].period < HANDOVER_PERIOD:
            return self.manager
        return np.where(self.manager == HANDOVER_FROM, HANDOVER_TO, self.manager)

    def spending(self, t: int) -> np.ndarray:
        """Share of its ordinary bill that each group spends in month ``t``: falls over 3 months."""
        gone = np.clip((t - self.drop_from + 1) / 3, 0, 1)
        return np.where(self.lost_from <= t, 0.0, 1 - gone * (1 - self.drop_to))


@once
def draw_groups(operator: Operator) -> Groups:
    """The operator's group customers: ids follow the order in which they became customers."""
    rng, places, n = operator.rng("groups"), operator.places, operator.scale.groups
    months = len(operator.span)
    opens = np.sort(np.where(rng.random(n) < OPENING * months / 12, rng.integers(0, months, n), -1))
    first = np.array([day_number(m.first) for m in operator.span])
    length = np.array([m.days for m in operator.span])
    within = first[opens] + (rng.random(n) * length[opens]).astype(np.int64)
    tenure = np.clip(rng.gamma(2.0, 900, n), 40, 5400).astype(np.int64)
    opened = np.sort(np.where(opens >= 0, within, first[0] - tenure))

    share = np.array([i[2] for i in INDUSTRIES])
    industry = rng.choice(len(INDUSTRIES), size=n, p=share / share.sum())
    bigger, spendier = (np.array([i[k] for i in INDUSTRIES])[industry] for k in (3, 4))
    area = rng.choice(len(places.area_ids), size=n, p=places.weight)
    worth = rng.standard_normal(n)
    size = 0.75 * worth + 0.66 * rng.standard_normal(n)
    employees = np.clip(np.exp(3.3 + 0.4 * bigger + 0.95 * size), 5, 6000).astype(np.int64)
    per_head = np.exp(3.9 + 0.4 * spendier + 0.45 * worth + 0.25 * rng.standard_normal(n))
    spends = employees * per_head

    # only a group of some size has value to hide
    potential = (opens < 0) & (size > 0.2) & (rng.random(n) < 2.5 * POTENTIAL)
    spends = np.where(potential, spends * POTENTIAL_SPENDS, spends)
    rank = np.empty(n, np.int64)
    rank[np.argsort(-spends, kind="stable")] = np.arange(n)
    settled = (opens < 0) & ~potential
    drop_from, drop_to, drop_reason, bad_from = _plant(rng, months, settled, rank < 0.3 * n)
    far = (drop_reason == LOST_TO_COMPETITOR) & (drop_to < 0.3)
    small = settled & (drop_reason == NO_DROP) & (rank > 0.4 * n) & (bad_from == NEVER)
    goes = small & (rng.random(n) < LEAVING * months / 12)
    lost_from = np.select([far, goes], [drop_from + 5, rng.integers(1, max(months, 2), n)], NEVER)
    standing = worth + 0.6 * size + 0.7 * rng.standard_normal(n)
    standing[potential] = standing[potential].clip(2.0, None)
    order = np.argsort(np.argsort(-standing, kind="stable"), kind="stable")
    return Groups(
        ids=[f"G{i:06d}" for i in range(1, n + 1)],
        names=_names(places.units, places.area_ids, area, industry),
        area=area,
        manager=_managers(rng, places.manager_area, area),
        industry=industry,
        employees=employees,
        opened=opened,
        opens=opens,
        worth=worth,
        grade=np.select([rank < 0.1 * n, rank < 0.3 * n], [0, 1], 2),
        control=np.select([rank < 0.06 * n, rank < 0.26 * n], [0, 1], 2),
        leader=order < 0.15 * n,
        influence=np.clip(np.round(2.6 + 0.8 * standing), 1, 5).astype(np.int64),
        spends=spends,
        drop_from=drop_from,
        drop_to=drop_to,
        drop_reason=drop_reason,
        potential=potential,
        bad_from=bad_from,
        lost_from=lost_from,
    )


def _plant(
    rng: np.random.Generator, months: int, settled: np.ndarray, important: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Who drops when, how far and why, and whose bills go bad from when on."""
    n = len(settled)
    drops = settled & (rng.random(n) < np.where(important, 4 * DROPPING, DROPPING))
    when = rng.integers(min(3, months - 1), max(months, 2), n)
    share = rng.uniform(0.2, 0.45, n)
    reason = rng.choice(4, size=n, p=[0.4, 0.2, 0.25, 0.15])
    bad = settled & (rng.random(n) < GOING_BAD)
    since = rng.integers(min(2, months - 1), max(months, 2), n)
    return (
        np.where(drops, when, NEVER),
        np.where(drops, share, 1.0),
        np.where(drops, reason, NO_DROP),
        np.where(bad, since, NEVER),
    )


def _managers(rng: np.random.Generator, manager_area: np.ndarray, area: np.ndarray) -> np.ndarray:
    """An account manager of the group's own area for each."""
    turn = rng.integers(0, 1_000_000, len(area))
    manager = np.empty(len(area), np.int64)
    for place in range(int(manager_area.max()) + 1):
        team, here = np.flatnonzero(manager_area == place), area == place
        manager[here] = team[turn[here] % len(team)]
    return manager


def _names(
    units: list[dict[str, str]], area_ids: list[str], area: np.ndarray, industry: np.ndarray
) -> list[str]:
    """Fictional firms: place, a word, the industry's ending; no two alike."""
    words = [r["word"] for r in rows("firm_words")]
    called = {u["org_unit_id"]: u["org_unit_name"][:2] for u in units}
    used: dict[tuple[str, int], int] = {}
    names = []
    for i, (a, kind) in enumerate(zip(area, industry, strict=True)):
        town = called[area_ids[a]]
        turn = used.get((town, int(kind)), i * 5 % len(words))
        first_turn = used.setdefault((town, -1 - int(kind)), turn)
        used[town, int(kind)] = turn + 1
        round_ = (turn - first_turn) // len(words)
        number = "" if round_ == 0 else f"第{round_ + 1}"
        names.append(f"{town}{words[turn % len(words)]}{number}{INDUSTRIES[int(kind)][1]}")
    return names
