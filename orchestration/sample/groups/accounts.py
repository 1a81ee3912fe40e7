"""Billing accounts: of groups, of families, and of group members who pay for themselves."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.groups.billing import METHODS, TERMS_OF_PAYMENT, PayingHabits
from orchestration.sample.groups.master import CREDIT
from orchestration.sample.groups.members import GroupMembers
from orchestration.sample.lives import UNBORN
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, numbers

ACCOUNT_STATUS = ["active", "suspended", "closed"]
#: members for whom the group pays this share only; the rest they pay themselves
PART_PAID = 0.7
PAYING = "paying_groups"


class Accounts:
    """Accounts and whom they pay for."""

    feeds: ClassVar[tuple[str, ...]] = (
        "boss.account",
        "boss.account_member",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block, self.span = operator, block, operator.span
        self.of_groups = GroupMembers(operator, block)
        self.habits = PayingHabits(operator)
        rng, n = operator.rng("accounts", block.number), len(block.people)
        self.method = rng.choice(4, size=n, p=[0.04, 0.16, 0.15, 0.65])
        standing = block.people.worth + rng.standard_normal(n)
        self.credit = np.select([standing > 0.8, standing > -1, standing > -2.2], [0, 1, 2], 3)
        self.partly = rng.random(len(self.of_groups.members.who)) < 0.15

    def of_month(self, made: BlockMonth) -> Tables:
        yield "boss.account", self._accounts(made.t)
        yield "boss.account_member", self._members(made.t)

    def truth(self) -> dict[str, Any]:
        return {}

    def tell(self) -> dict[str, np.ndarray]:
        """Which groups (rows) pay for a member of this block in which months (columns)."""
        paying = np.zeros((len(self.habits.groups), len(self.span)), bool)
        for t in range(len(self.span)):
            paying[self.of_groups.members.group[self.of_groups.paid_by_group(t)], t] = True
        return {PAYING: paying}

    def _own(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Places of those with an account of their own, and of the heads of families."""
        m, f = self.of_groups.members, self.of_groups.families
        last = day_number(self.span[t].last)
        family = f.since <= last
        known = (self.block.lives.status[m.who, t] != UNBORN) & (m.joined <= last)
        own = np.setdiff1d(m.who[known], f.who[family])
        return own, np.unique(f.head[family])

    def _accounts(self, t: int) -> pl.DataFrame:
        people, first = self.block.people, self.block.first + 1
        own, heads = self._own(t)
        who = np.concatenate([own, heads])
        family = np.arange(len(who)) >= len(own)
        opened = np.where(family, 0, people.opened[who])
        opened[family] = self.of_groups.families.family_since(heads)
        party = pl.concat([numbers("P", first + own), numbers("F", first + heads)])
        limit = np.array([500, 300, 100, 0])[self.credit[who]] * np.where(family, 2, 1)
        off = self.block.lives.status[who, t]
        state = np.where(family, 0, np.select([off > 2, off == 2], [2, 1], 0))
        table = pl.DataFrame(
            {
                "account_id": pl.concat([numbers("A", first + own), _family(first + heads)]),
                "account_type": labels(["personal", "family"], family.astype(np.int64)),
                "group_id": pl.Series([None] * len(who), dtype=pl.String),
                "owner_party_id": party,
                "credit_class": labels(CREDIT, self.credit[who]),
                "credit_limit_amt": limit * 100,
                "payment_method": labels(METHODS, self.method[who]),
                "is_unified_payment": family,
                "term_days": np.full(len(who), 20),
                "opened_on": days(opened),
                "account_status": labels(ACCOUNT_STATUS, state),
            }
        )
        return pl.concat([self._of_groups(t), table]) if self.block.number == 0 else table

    def _of_groups(self, t: int) -> pl.DataFrame:
        h, g = self.habits, self.habits.groups
        here = g.known(t)
        state = np.select([g.lost_from <= t, g.bad_from + 4 <= t], [2, 1], 0)[here]
        limit = np.rint(g.spends * np.array([3, 2, 1, 0.5])[h.credit] / 100) * 100 * 100
        paid = self.of_groups.paid_by_group(t)
        unified = np.isin(here, self.of_groups.members.group[paid])
        if PAYING in self.block.beyond:
            unified |= self.block.beyond[PAYING][here, t]
        return pl.DataFrame(
            {
                "account_id": pl.Series(h.account_ids).gather(here),
                "account_type": pl.Series(["group"] * len(here), dtype=pl.String),
                "group_id": pl.Series(g.ids).gather(here),
                "owner_party_id": pl.Series([None] * len(here), dtype=pl.String),
                "credit_class": labels(CREDIT, h.credit[here]),
                "credit_limit_amt": limit.astype(np.int64)[here],
                "payment_method": labels(METHODS, h.method[here]),
                "is_unified_payment": unified,
                "term_days": TERMS_OF_PAYMENT[h.term[here]],
                "opened_on": days(g.opened[here]),
                "account_status": labels(ACCOUNT_STATUS, state),
            }
        )

    def _members(self, t: int) -> pl.DataFrame:
        """Who pays for whom: the group before the family before oneself."""
        m, f, last = (
            self.of_groups.members,
            self.of_groups.families,
            day_number(self.span[t].last),
        )
        first, paid = self.block.first + 1, self.of_groups.paid_by_group(t)
        own, _ = self._own(t)
        whole, part = np.flatnonzero(paid & ~self.partly), np.flatnonzero(paid & self.partly)
        home = np.flatnonzero((f.since <= last) & ~np.isin(f.who, m.who[whole]))
        alone = own[~np.isin(own, m.who[whole])]
        groups = pl.Series(self.habits.account_ids)
        half = m.who[part]
        return pl.concat(
            [
                self._pays(groups.gather(m.group[whole]), m.who[whole], 1.0, m.pays_from[whole]),
                self._pays(
                    groups.gather(m.group[part]), half, PART_PAID, m.pays_from[part], "package"
                ),
                self._pays(
                    _family(first + f.head[home]),
                    f.who[home],
                    np.where(np.isin(f.who[home], half), 1 - PART_PAID, 1.0),
                    f.since[home],
                ),
                self._pays(
                    numbers("A", first + alone),
                    alone,
                    np.where(np.isin(alone, half), 1 - PART_PAID, 1.0),
                    self.block.people.opened[alone],
                ),
            ]
        )

    def _pays(
        self,
        account: pl.Series,
        who: np.ndarray,
        share: float | np.ndarray,
        since: np.ndarray,
        scope: str = "all",
    ) -> pl.DataFrame:
        limited = np.full(len(who), 200_00) if scope == "package" else None
        return pl.DataFrame(
            {
                "account_id": account.alias("account_id"),
                "subscriber_id": self.block.ids.gather(who),
                "pays_share": np.broadcast_to(np.round(share, 2), len(who)).astype(float),
                "item_scope": pl.Series([scope] * len(who), dtype=pl.String),
                "paid_limit_amt": pl.Series(
                    [None] * len(who) if limited is None else limited, dtype=pl.Int64
                ),
                "valid_from_on": days(since),
            }
        )


def _family(heads: np.ndarray) -> pl.Series:
    return numbers("A5", heads, 7)
