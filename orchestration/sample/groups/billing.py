"""What group customers are billed, what they pay and owe, and what serving them costs."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.behaviour import hundredths
from orchestration.sample.groups.customers import BUSINESS_SHRINKS, NEVER
from orchestration.sample.groups.master import GroupMaster
from orchestration.sample.groups.members import first_lines
from orchestration.sample.groups.portfolio import FEES, PRODUCTS
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, moments

METHODS = ["transfer", "direct_debit", "cash", "online"]
TERMS_OF_PAYMENT = np.array([30, 45, 60])
ITEM_TYPES = ["voice", "data", "sms", "access", "ict", "vas", "handset", "other"]
VOICE, DATA, SMS, ACCESS, ICT, VAS, HANDSET, OTHER = range(8)
#: of what is not fees: voice, data, SMS, other; the share of voice falls every month
USAGE = np.array([0.56, 0.27, 0.09, 0.08])
VOICE_FALLS = 0.007
DUNNING = ["none", "reminded", "demanded", "suspended", "legal"]
#: months that a bill is followed for, and days after which what is still open is a bad debt
FOLLOWED = 18
BAD_AFTER = 180
#: what an account manager costs a month for the time given to groups, yuan
MANAGER_COST = 3_000
FAR = 1_000_000
CHANNELS = ["own_hall", "social", "electronic", "direct"]


class PayingHabits:
    """How each group pays: its account, terms, ordinary lateness and the spells when it is late."""

    def __init__(self, operator: Operator) -> None:
        master = GroupMaster(operator)
        self.groups, self.portfolio, self.credit = master.groups, master.portfolio, master.credit
        rng, n, months = operator.rng("paying"), len(self.groups), len(operator.span)
        self.account_ids = [f"A9{i:07d}" for i in range(1, n + 1)]
        self.method = rng.choice(4, size=n, p=[0.6, 0.28, 0.02, 0.1])
        self.term = rng.choice(3, size=n, p=[0.6, 0.25, 0.15])
        self.late = np.rint(rng.gamma(1.2, 5, n) * (1 + 0.6 * self.credit) - 9)
        # some are late for a while and recover: lateness alone does not tell who goes bad
        self.spell = np.where(rng.random(n) < 0.08, rng.integers(0, max(months, 2), n), NEVER)
        self.spell_length = rng.integers(2, 5, n)
        self.split = rng.random(n) < 0.06

    def lateness(self, s: int, rng: np.random.Generator) -> np.ndarray:
        """Days after the due date on which the bill of month ``s`` is paid; huge for never."""
        g = self.groups
        late = self.late + np.rint(3 * rng.standard_normal(len(g)))
        late += np.where((s >= self.spell) & (s < self.spell + self.spell_length), 45, 0)
        late += np.where((g.drop_reason == BUSINESS_SHRINKS) & (s >= g.drop_from), 20, 0)
        worse = np.clip(5 - (g.bad_from - s), 0, 5)
        late += np.where(g.bad_from < NEVER, 9 * worse, 0)
        return np.where(s >= g.bad_from, NEVER, late)


class GroupBilling:
    """Bill items, payments, receivables and costs of group accounts.

    They come with the first block of subscribers, since handsets are billed for lines of members.
    """

    feeds: ClassVar[tuple[str, ...]] = (
        "boss.bill_item",
        "boss.payment",
        "boss.receivable",
        "finance.cost_allocation",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.span = operator, operator.span
        self.active, self.ids = block.number == 0, block.ids
        self.habits = PayingHabits(operator)
        self.groups, self.portfolio = self.habits.groups, self.habits.portfolio
        rng, n = operator.rng("group_billing"), len(self.groups)
        self.growth = 0.02 + 0.06 * rng.standard_normal(n)
        self.voice = 0.06 * rng.standard_normal(n)
        # the more a group contributes the more it is granted
        self.discount = np.array([0.12, 0.08, 0.04])[self.groups.grade] * rng.uniform(0.7, 1.3, n)
        self.subsidy = rng.uniform(0.25, 0.5, n)
        self.made: dict[int, dict[str, np.ndarray]] = {}
        self.accounts = pl.Series(self.habits.account_ids)
        self.group_ids = pl.Series(self.groups.ids)
        self.line = first_lines(operator, self.groups, block)

    def of_month(self, made: BlockMonth) -> Tables:
        if not self.active:
            return
        t = made.t
        yield "boss.bill_item", self._bill_items(t)
        yield "boss.payment", self._payments(t)
        yield "boss.receivable", self._receivables(t)
        yield "finance.cost_allocation", self._costs(t)

    def truth(self) -> dict[str, Any]:
        """``bad_debts``: whose bills are never paid, ``from`` which month's bill on. Before that
        they pay later and later; others are late for a few months too, and recover.
        """
        bad = np.flatnonzero((self.groups.bad_from < len(self.span)) & self.active)
        return {
            "bad_debts": [
                {
                    "group_id": self.groups.ids[i],
                    "from": self.span[self.groups.bad_from[i]].period,
                }
                for i in bad
            ]
        }

    def items(self, t: int) -> dict[str, np.ndarray]:
        """Items of the bills of month ``t``: group, product (-1: none), instance (-1: none), type,
        fixed fee or not, amount and discount in hundredths.
        """
        if t not in self.made:
            self.made[t] = self._items(t)
        return self.made[t]

    def _items(self, t: int) -> dict[str, np.ndarray]:
        g, p, n, month = self.groups, self.portfolio, len(self.groups), self.span[t]
        rng = self.operator.rng("bill", t)
        left, known = g.spending(t), g.opens <= t
        stopped = np.where(g.bad_from + 4 <= t, 0.25, 1.0)
        grown = np.exp(self.growth * t / 12) * stopped

        active = p.active(day_number(month.first) + 14)
        owner = p.group[active]
        less = np.where(g.drop_reason == BUSINESS_SHRINKS, left, 1.0)[owner] * stopped[owner]
        fee = p.fee[active] * less * known[owner]
        kind = np.array([_item_type(x) for x in PRODUCTS])[p.product[active]]

        calm = 1 - 0.25 * month.festival + 0.08 * (month.first.month == 12)
        mood = np.exp(0.07 * rng.standard_normal(n))
        used = (1 - FEES) * g.spends * left * grown * calm * mood * known
        mix = np.repeat(USAGE[None, :], n, axis=0)
        moves = np.clip(VOICE_FALLS * t - self.voice, -0.2, 0.3)
        mix[:, 0], mix[:, 1] = mix[:, 0] - moves, mix[:, 1] + moves
        use = used[:, None] * mix * np.exp(0.1 * rng.standard_normal((n, 4)))

        buys = np.flatnonzero(known & (left > 0.5) & (rng.random(n) < 0.03))
        phones = g.spends[buys] * rng.uniform(0.2, 0.6, len(buys))
        every = np.arange(n)
        usage_types = np.array([VOICE, DATA, SMS, OTHER])
        group = np.concatenate([owner, np.repeat(every, 4), buys])
        amount = hundredths(np.concatenate([fee, use.ravel(), phones]))
        none = np.full(4 * n + len(buys), -1)
        made = {
            "group": group,
            "product": np.concatenate([p.product[active], none]),
            "instance": np.concatenate([active, none]),
            "type": np.concatenate([kind, np.tile(usage_types, n), np.full(len(buys), HANDSET)]),
            "fixed": np.arange(len(group)) < len(active),
            "amount": amount,
            "discount": (amount * self.discount[group]).astype(np.int64),
        }
        keep = np.flatnonzero(amount > 0)
        keep = keep[np.argsort(group[keep], kind="stable")]
        return {k: v[keep] for k, v in made.items()}

    def totals(self, s: int) -> np.ndarray:
        """What each group was billed for month ``s``, hundredths; also before the sample."""
        if s < 0:
            usual = self.groups.spends * (1 - self.discount) * (self.groups.opens < 0)
            return hundredths(usual * (1 + 0.01 * (s % 5)))
        made = self.items(s)
        net = (made["amount"] - made["discount"]).astype(np.float64)
        whole = np.bincount(made["group"], weights=net, minlength=len(self.groups))
        return np.rint(whole).astype(np.int64)

    def paid(self, s: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Payments of the bills of month ``s``: (day, amount, second of that day) by group."""
        rng, h, n = self.operator.rng("payment", s + FOLLOWED), self.habits, len(self.groups)
        late, total, at = h.lateness(s, rng), self.totals(s), rng.integers(32_400, 64_000, (2, n))
        day = np.where(late >= NEVER, FAR, self._billed(s) + TERMS_OF_PAYMENT[h.term] + late)
        day = np.maximum(day, self._billed(s) + 4)
        # the first bill of those who stop is paid in part
        last_try = (self.groups.bad_from == s) & (rng.random(n) < 0.5)
        day = np.where(last_try, self._billed(s) + 50, day).astype(np.int64)
        split = h.split & (late < NEVER)
        part = np.select([last_try, split], [0.3, 0.6], 1.0)
        one = np.where(day < FAR, np.rint(total * part), 0).astype(np.int64)
        two = np.where(split & (day < FAR), total - one, 0)
        return [(day, one, at[0]), (day + 15, two, at[1])]

    def _billed(self, s: int) -> int:
        """The day of the bills of month ``s``: the last of the month."""
        if s >= 0:
            return day_number(self.span[s].last)
        first = self.span[0].first
        for _ in range(-s - 1):
            first = (first - timedelta(days=1)).replace(day=1)
        return day_number(first) - 1

    def _first_day(self, s: int) -> int:
        last = self._billed(s)
        when = np.datetime64(last, "D").astype("datetime64[M]").astype("datetime64[D]")
        return int(when.astype(np.int64))

    def _bill_items(self, t: int) -> pl.DataFrame:
        made, month = self.items(t), self.span[t]
        count = len(made["group"])
        stem = f"BI{month.first:%Y%m}"
        ids = [x[0] for x in PRODUCTS]
        line = np.where(made["type"] == HANDSET, self.line[made["group"]], -1)
        instances = [*self.portfolio.ids.tolist(), None]
        return pl.DataFrame(
            {
                "bill_item_id": pl.Series(
                    [f"{stem}{i:07d}" for i in range(1, count + 1)], dtype=pl.String
                ),
                "account_id": self.accounts.gather(made["group"]),
                "group_id": self.group_ids.gather(made["group"]),
                "subscriber_id": self.ids.gather(line.clip(0)).set(pl.Series(line < 0), None),
                "product_id": labels(
                    [*ids, None], np.where(made["product"] < 0, len(ids), made["product"])
                ),
                "instance_id": labels(
                    instances,
                    np.where(made["instance"] < 0, len(instances) - 1, made["instance"]),
                ),
                "item_type": labels(ITEM_TYPES, made["type"]),
                "is_recurring": made["fixed"],
                "billed_amt": made["amount"],
                "discount_amt": made["discount"],
                "net_amt": made["amount"] - made["discount"],
                "billed_on": days(np.full(count, self._billed(t))),
            }
        )

    def _payments(self, t: int) -> pl.DataFrame:
        first, last = day_number(self.span[t].first), day_number(self.span[t].last)
        found = []
        for s in range(t - FOLLOWED, t + 1):
            for turn, (day, amount, second) in enumerate(self.paid(s)):
                who = np.flatnonzero((amount > 0) & (day >= first) & (day <= last))
                found.append(
                    {
                        "group": who,
                        "month": np.full(len(who), s),
                        "turn": np.full(len(who), turn),
                        "second": day[who] * 86400 + second[who],
                        "amount": amount[who],
                    }
                )
        made = {k: np.concatenate([f[k] for f in found]) for k in found[0]}
        made = {k: v[np.lexsort((made["group"], made["second"]))] for k, v in made.items()}
        count, stem = len(made["group"]), f"PY{self.span[t].first:%Y%m}"
        months = {s: self._first_day(s) for s in range(t - FOLLOWED, t + 1)}
        return pl.DataFrame(
            {
                "payment_id": pl.Series(
                    [f"{stem}{i:06d}" for i in range(1, count + 1)], dtype=pl.String
                ),
                "account_id": self.accounts.gather(made["group"]),
                "bill_month_on": days(np.array([months[int(s)] for s in made["month"]], int)),
                "paid_at": moments(made["second"]),
                "paid_amt": made["amount"],
                "payment_method": labels(METHODS, self.habits.method[made["group"]]),
                "is_reversal": np.zeros(count, bool),
            }
        )

    def _receivables(self, t: int) -> pl.DataFrame:
        last, tables = day_number(self.span[t].last), []
        for s in range(t - FOLLOWED, t + 1):
            total = self.totals(s)
            open_ = total - sum(
                (np.where(day <= last, amount, 0) for day, amount, _ in self.paid(s)),
                np.zeros(len(total), np.int64),
            )
            who = np.flatnonzero(open_ > 0)
            due = self._billed(s) + TERMS_OF_PAYMENT[self.habits.term[who]]
            over = np.maximum(last - due, 0)
            tables.append(
                pl.DataFrame(
                    {
                        "account_id": self.accounts.gather(who),
                        "bill_month_on": days(np.full(len(who), self._first_day(s))),
                        "billed_amt": total[who],
                        "outstanding_amt": open_[who],
                        "due_on": days(due),
                        "overdue_days": over,
                        "is_bad_debt": over > BAD_AFTER,
                        "dunning_stage": labels(
                            DUNNING, np.searchsorted([1, 31, 61, 121], over, side="right")
                        ),
                    }
                )
            )
        return pl.concat(tables)

    @cached_property
    def _care(self) -> np.ndarray:
        """How much of a manager's time each group takes, before it is shared out."""
        return np.sqrt(self.groups.spends) * (1 + 0.3 * self.groups.leader)

    def _costs(self, t: int) -> pl.DataFrame:
        g, p, month, made = self.groups, self.portfolio, self.span[t], self.items(t)
        rng, n = self.operator.rng("costs", t), len(g)
        given = np.bincount(made["group"], weights=made["discount"], minlength=n)
        phones = made["type"] == HANDSET
        handset = (
            np.bincount(made["group"][phones], weights=made["amount"][phones], minlength=n)
            * self.subsidy
        )
        manager = g.manager_in(self.operator, t)
        active = (g.opens <= t) & (g.lost_from > t)
        care = self._care * active
        whole = np.bincount(manager, weights=care, minlength=int(manager.max()) + 1)
        care = MANAGER_COST * 100 * care / np.maximum(whole[manager], 1)
        first, last = day_number(month.first), day_number(month.last)
        wired = np.array([x[2] == "access" for x in PRODUCTS])[p.product]
        new = np.flatnonzero(wired & (p.started >= first) & (p.started <= last))
        new = new[g.opens[p.group[new]] <= t]
        build = rng.uniform(3, 9, len(new)) * p.fee[new] * 100
        running = np.flatnonzero(wired & (p.started <= last) & (p.ended > last))
        running = running[g.opens[p.group[running]] <= t]
        upkeep = 0.06 * p.fee[running] * 100
        every = np.arange(n)
        parts = [
            (every, np.full(n, -1), "discount", given, "direct"),
            (every, np.full(n, -1), "handset_subsidy", handset, "direct"),
            (every, np.full(n, -1), "manager", care, "hours"),
            (p.group[new], p.product[new], "build", build, "direct"),
            (p.group[running], p.product[running], "maintenance", upkeep, "lines"),
        ]
        ids = [x[0] for x in PRODUCTS]
        tables = []
        for whom, what, kind, cost, basis in parts:
            cents = np.rint(cost).astype(np.int64)
            keep = np.flatnonzero(cents > 0)
            who, product, cents = whom[keep], what[keep], cents[keep]
            tables.append(
                pl.DataFrame(
                    {
                        "object_type": pl.Series(["group"] * len(who), dtype=pl.String),
                        "object_id": self.group_ids.gather(who),
                        "group_id": self.group_ids.gather(who),
                        "area_id": labels(self.operator.places.area_ids, g.area[who]),
                        "product_id": labels(
                            [*ids, None], np.where(product < 0, len(ids), product)
                        ),
                        "cost_kind": pl.Series([kind] * len(who), dtype=pl.String),
                        "is_capital": np.full(len(who), kind == "build"),
                        "cost_amt": cents,
                        "allocation_basis": pl.Series([basis] * len(who), dtype=pl.String),
                    }
                )
            )
        table = pl.concat([*tables, self._channel_costs(rng)])
        stem = f"CA{month.first:%Y%m}"
        return table.select(
            pl.Series("cost_id", [f"{stem}{i:06d}" for i in range(1, table.height + 1)]),
            *table.columns,
            days(np.full(table.height, last)).alias("booked_on"),
        )

    def _channel_costs(self, rng: np.random.Generator) -> pl.DataFrame:
        """What each kind of channel costs in each area: people and material."""
        places, dear = self.operator.places, np.array([1.0, 0.35, 0.12, 0.25])
        areas, subscribers = len(places.area_ids), self.operator.scale.subscribers
        area = np.repeat(np.arange(areas), 8)
        channel, kind = np.tile(np.repeat(np.arange(4), 2), areas), np.tile([0, 1], areas * 4)
        cost = subscribers * 2.2 * places.weight[area] * dear[channel] * np.where(kind, 0.25, 1)
        cost = np.rint(100 * cost * rng.uniform(0.92, 1.08, len(area))).astype(np.int64)
        none = pl.Series([None] * len(area), dtype=pl.String)
        return pl.DataFrame(
            {
                "object_type": pl.Series(["channel"] * len(area), dtype=pl.String),
                "object_id": labels(CHANNELS, channel),
                "group_id": none,
                "area_id": labels(places.area_ids, area),
                "product_id": none,
                "cost_kind": labels(["labour", "material"], kind),
                "is_capital": np.zeros(len(area), bool),
                "cost_amt": cost,
                "allocation_basis": pl.Series(["direct"] * len(area), dtype=pl.String),
            }
        )


def _item_type(product: tuple[Any, ...]) -> int:
    """How revenue of a product is itemised: by what carries it, applications and services apart."""
    name, bearer, kind = product[1], product[2], product[3]
    if kind > 0:
        return ICT
    if name.startswith("mail"):
        return VAS
    return {"voice": VOICE, "sms": SMS, "data": DATA, "access": ACCESS}[str(bearer)]
