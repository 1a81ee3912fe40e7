"""What dealers do and get: recharges, cards, contests, funds, numbers, messages, visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.channel.lists import (
    CARDS_PER_SUBSCRIBER,
    LADDER,
    LADDER_FROM,
    agreement_id,
    channel_manager_of,
    draw_agreements,
    fund_share,
)
from orchestration.sample.channel.outlets import (
    VILLAGE,
    Outlets,
    Place,
    cities_of,
    dealer_id,
    draw_outlets,
    outlet_id,
)
from orchestration.sample.operator import Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, moments
from orchestration.sample.working_time import WorkingTime, optional

DAY = 86_400
#: air recharges and basic transactions a month, for each subscriber of the operator
RECHARGES_PER_SUBSCRIBER = 0.6
#: commission: share of air recharge; yuan (hundredths) for a basic transaction
RECHARGE_RATE, HANDLING_FEE = 0.03, 150
FACE_VALUES = np.array([10, 20, 30, 50, 100]) * 100
CHECK_ITEMS = [
    "shop_sign",
    "promotion_material",
    "card_stock",
    "price_notice",
    "identity_registration",
    "competitor_shelf",
    "clerk_knowledge",
]
#: a lot of the fund may be withdrawn after so many months
VESTING = 12


def even_weight(outlets: Outlets) -> np.ndarray:
    """Share of each shop in recharges and basic business: more even than that in openings."""
    weight = np.where(outlets.dealer < 0, 0.0, outlets.weight) ** 0.5
    return weight / max(weight.sum(), 1e-9)


def days_open(operator: Operator, outlets: Outlets, t: int) -> np.ndarray:
    """Share of month ``t`` for which each outlet is open."""
    month = operator.span[t]
    first, last = day_number(month.first), day_number(month.last)
    held = np.minimum(outlets.closed, last) - np.maximum(outlets.opened, first) + 1
    return held.clip(0) / month.days


def season(operator: Operator, t: int) -> float:
    """How much more is sold than in an ordinary month."""
    month = operator.span[t]
    return 1 + 0.5 * month.festival + 0.12 * (month.first.month == 9) - 0.06 * month.holiday


@dataclass(frozen=True)
class Recharged:
    """Air recharges of a month, a row per outlet and day that had any."""

    outlet: np.ndarray
    day: np.ndarray
    count: np.ndarray
    amount: np.ndarray


def air_recharges(operator: Operator, t: int) -> Recharged:
    """What every shop recharged on every day of month ``t``; pure."""
    rng, outlets, month = operator.rng("air_recharge", t), draw_outlets(operator), operator.span[t]
    usual = RECHARGES_PER_SUBSCRIBER * operator.scale.subscribers * even_weight(outlets)
    total = usual * outlets.recharge_left(t) * season(operator, t)
    times = rng.poisson(total)
    outlet = np.repeat(np.arange(len(outlets)), times)
    first = day_number(month.first)
    day = first + (rng.random(len(outlet)) * month.days).astype(np.int64)
    value = FACE_VALUES[rng.choice(5, len(outlet), p=[0.18, 0.22, 0.22, 0.26, 0.12])]
    able = (day >= outlets.opened[outlet]) & (day <= outlets.closed[outlet])
    cell, place = np.unique(outlet[able] * 64 + day[able] - first, return_inverse=True)
    return Recharged(
        outlet=cell // 64,
        day=first + cell % 64,
        count=np.bincount(place, minlength=len(cell)),
        amount=np.bincount(place, weights=value[able], minlength=len(cell)).astype(np.int64),
    )


def handled(operator: Operator, t: int) -> np.ndarray:
    """Basic transactions of each shop in month ``t``, for which it gets a fee."""
    outlets = draw_outlets(operator)
    usual = 0.3 * RECHARGES_PER_SUBSCRIBER * operator.scale.subscribers * even_weight(outlets)
    usual = usual * outlets.left(t) * season(operator, t) * days_open(operator, outlets, t)
    return operator.rng("handled", t).poisson(usual)


def fund_contributions(operator: Operator, t: int) -> np.ndarray:
    """What each dealer's shops put into the fund in month ``t`` (hundredths), by outlet and item.

    Shape (outlets, 2): from handling, from recharges.
    """
    outlets, made = draw_outlets(operator), air_recharges(operator, t)
    amount = np.bincount(made.outlet, weights=made.amount, minlength=len(outlets))
    share = fund_share(operator, outlets)[outlets.dealer.clip(0)] * (outlets.dealer >= 0)
    earned = np.stack([handled(operator, t) * HANDLING_FEE, amount * RECHARGE_RATE], axis=1)
    return (earned.astype(np.int64) * share[:, None]).astype(np.int64)


def quarter_of(operator: Operator, t: int) -> tuple[int, int]:
    """Year and quarter of month ``t``."""
    first = operator.span[t].first
    return first.year, (first.month - 1) // 3 + 1


def batch_id(year: int, quarter: int, outlet: Place) -> str:
    """The batch of SIM cards an outlet gets in a quarter."""
    return f"B{year}{quarter}{outlet + 1:06d}S"


def cards_sold(operator: Operator, year: int, quarter: int) -> np.ndarray:
    """SIM cards each outlet sells in the three months of a quarter; shape (3, outlets)."""
    outlets = draw_outlets(operator)
    first = operator.span[0].first
    t0 = (year - first.year) * 12 + 3 * quarter - 2 - first.month
    rng = operator.rng("cards_sold", year, quarter)
    usual = CARDS_PER_SUBSCRIBER * operator.scale.subscribers * outlets.weight
    left = np.stack([outlets.left(t0 + k) for k in range(3)])
    return 2 + rng.poisson(usual * left)


@dataclass(frozen=True)
class Contest:
    """Results of a month; ``agreement`` is a position in ``draw_agreements``."""

    agreement: np.ndarray
    dealer: np.ndarray
    quota: np.ndarray
    actual: np.ndarray
    met: np.ndarray
    met_months: np.ndarray
    rate: np.ndarray
    reward: np.ndarray


def contest_results(operator: Operator, t: int) -> Contest:
    """The underwriting contest of the year, as it stands after month ``t``; pure."""
    a, o = draw_agreements(operator), draw_outlets(operator)
    this = operator.span[t].first
    begin = int(np.datetime64(f"{this.year}-01-01").astype("datetime64[D]").astype(int))
    runs = np.flatnonzero(a.underwriting & (a.starts == begin))
    who, quota = a.dealer[runs], a.quota[runs]
    # months of the year before the sample count, though nobody sees them
    since = max(t - this.month + 1, 0)
    before = this.month - 1 - (t - since)
    met_months = operator.rng("contest_before", this.year).binomial(before, 0.6, len(runs))
    actual = met = np.zeros(len(runs), np.int64)
    for month in range(since, t + 1):
        year, quarter = quarter_of(operator, month)
        sold = cards_sold(operator, year, quarter)[(operator.span[month].first.month - 1) % 3]
        by_dealer = np.bincount(o.dealer[o.halls :], weights=sold[o.halls :], minlength=len(o.size))
        push = operator.rng("contest", month).uniform(0.75, 1.3, len(o.size))
        actual = (by_dealer * push * season(operator, month)).astype(np.int64)[who]
        met = actual >= quota
        met_months = met_months + met
    rate = LADDER[np.searchsorted(LADDER_FROM, met_months, side="right")]
    reward = np.where(met, actual * rate, 0)
    return Contest(runs, who, quota, actual, met.astype(bool), met_months, rate, reward)


@dataclass
class DealerBusiness:
    """Feeds about dealers; a month is asked for after the months before it."""

    feeds: ClassVar[tuple[str, ...]] = (
        "recharge.air_recharge",
        "recharge.card_batch",
        "channel.contest_result",
        "channel.fund_movement",
        "boss.number_allocation",
        "channel.outlet_check",
        "channel.dealer_message",
    )

    operator: Operator
    lots: dict[int, np.ndarray] = field(default_factory=dict)
    early: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        operator = self.operator
        self.span, self.outlets = operator.span, draw_outlets(operator)
        self.agreements = draw_agreements(operator)
        self.outlet_ids = pl.Series([outlet_id(i) for i in range(len(self.outlets))])
        self.dealer_ids = pl.Series([dealer_id(i) for i in range(len(self.outlets.size))])
        self.work = WorkingTime(self.span)
        rng = operator.rng("dealer_business")
        d = len(self.outlets.size)
        # lots of the year before the sample, of about what the sales of a month put in
        recharged = RECHARGES_PER_SUBSCRIBER * operator.scale.subscribers * FACE_VALUES.mean()
        weight = even_weight(self.outlets)[self.outlets.halls :]
        usual = np.bincount(self.outlets.dealer[self.outlets.halls :], weights=weight, minlength=d)
        usual = usual * recharged * 1.3 * RECHARGE_RATE * fund_share(operator, self.outlets)
        for lot in range(-VESTING, 0):
            fresh = self.outlets.since < day_number(self.span[0].first) + 31 * lot
            amount = usual * np.exp(0.2 * rng.standard_normal(d)) * fresh
            self.lots[lot] = amount.astype(np.int64)
        self.taken = {lot: np.zeros(d, bool) for lot in self.lots}
        # who fades takes the money out, some others do without leave
        self.leaves = np.minimum(self.outlets.fades_from + 1, 40_000)
        hasty = np.flatnonzero((usual > 0) & (self.outlets.fades_from > 1000))
        hasty = rng.choice(hasty, min(len(hasty), 2), replace=False)
        self.leaves[hasty] = rng.integers(len(self.span) // 3, len(self.span), len(hasty))
        self.skill = rng.beta(9, 1.6, len(self.outlets))
        # county by county, channel managers visit more or less
        self.diligence = rng.uniform(0.55, 1.25, int(operator.places.county_of.max()) + 1)

    def of_month(self, t: int) -> Tables:
        yield "recharge.air_recharge", self._air_recharge(t)
        yield "recharge.card_batch", self._card_batches(t)
        yield "channel.contest_result", self._contest(t)
        yield "channel.fund_movement", self._fund(t)
        yield "boss.number_allocation", self._numbers(t)
        yield "channel.outlet_check", self._checks(t)
        yield "channel.dealer_message", self._messages(t)

    def truth(self) -> dict[str, Any]:
        """``early_withdrawals``: lots taken from the fund before the year was over."""
        return {"early_withdrawals": self.early}

    def _air_recharge(self, t: int) -> pl.DataFrame:
        made, rng = air_recharges(self.operator, t), self.operator.rng("air_recharge_more", t)
        n = len(made.outlet)
        stock = rng.gamma(2, 120_00, n).astype(np.int64)
        return pl.DataFrame(
            {
                "outlet_id": self.outlet_ids.gather(made.outlet),
                "business_date": days(made.day),
                "recharge_cnt": made.count,
                "recharge_amt": made.amount,
                "customer_cnt": made.count - rng.binomial(made.count - 1, 0.04),
                "failed_cnt": rng.poisson(0.03 * made.count),
                "stock_balance_amt": stock,
            }
        )

    def _card_batches(self, t: int) -> pl.DataFrame:
        year, quarter = quarter_of(self.operator, t)
        parts = []
        for back in range(3):
            y, q = divmod(year * 4 + quarter - 1 - back, 4)
            parts.append(self._batches_of(y, q + 1, t))
        return pl.concat(parts)

    def _batches_of(self, year: int, quarter: int, t: int) -> pl.DataFrame:
        """Batches of one quarter as they stand at the end of month ``t``."""
        o, last = self.outlets, day_number(self.span[t].last)
        rng = self.operator.rng("card_batches", year, quarter)
        first = int(
            np.datetime64(f"{year}-{3 * quarter - 2:02d}-01").astype("datetime64[D]").astype(int)
        )
        sold = np.cumsum(cards_sold(self.operator, year, quarter), axis=0)
        spare = 5 + (sold[2] * rng.uniform(0.05, 0.4, len(o))).astype(np.int64)
        # some never have enough: they stand without cards from the second month on
        short = rng.random(len(o)) < 0.06
        issued = np.where(short, sold[1], -(-(sold[2] + spare) // 10) * 10)
        age = (self.span[t].first.year - year) * 12 + self.span[t].first.month - 3 * quarter + 2
        done = np.minimum(sold[min(age, 2)], issued)
        returned = np.where(age > 2, issued - done, 0)
        lazy = rng.uniform(0.02, 0.12, len(o)) * (age < 3)
        here = np.flatnonzero((o.opened <= first) & (o.closed >= first))
        # new outlets get their cards on the first day
        starts = np.maximum(o.opened, first)
        new = np.flatnonzero((o.opened > first) & (o.opened <= min(first + 91, last)))
        here = np.concatenate([here, new[_in_quarter(o.opened[new], year, quarter)]])
        return pl.DataFrame(
            {
                "batch_id": pl.Series([batch_id(year, quarter, i) for i in here], dtype=pl.String),
                "outlet_id": self.outlet_ids.gather(here),
                "card_type": pl.Series(["sim_card"]).gather(np.zeros(len(here), np.int64)),
                "selling_area_id": labels(self.operator.places.area_ids, o.area[here]),
                "issued_on": days(starts[here]),
                "issued_cnt": issued[here],
                "sold_cnt": done[here],
                "activated_cnt": done[here] - (done * lazy).astype(np.int64)[here],
                "returned_cnt": returned[here],
                "stock_cnt": (issued - done - returned)[here],
            }
        )

    def _contest(self, t: int) -> pl.DataFrame:
        month, made = self.span[t], contest_results(self.operator, t)
        n = len(made.agreement)
        return pl.DataFrame(
            {
                "contest_id": pl.Series([f"CT{month.first.year}"]).gather(np.zeros(n, np.int64)),
                "dealer_id": self.dealer_ids.gather(made.dealer),
                "agreement_id": pl.Series(
                    [agreement_id(i) for i in made.agreement], dtype=pl.String
                ),
                "quota_cnt": made.quota,
                "actual_cnt": made.actual,
                "is_met": made.met,
                "met_months_cnt": made.met_months,
                "reward_per_card_amt": made.rate,
                "reward_amt": made.reward,
            }
        )

    def _fund(self, t: int) -> pl.DataFrame:
        o, month, rng = self.outlets, self.span[t], self.operator.rng("fund", t)
        d, last = len(o.size), day_number(month.last)
        shops = fund_contributions(self.operator, t).sum(axis=1)
        self.lots[t] = np.bincount(o.dealer.clip(0), weights=shops, minlength=d).astype(np.int64)
        self.taken[t] = np.zeros(d, bool)
        paid = np.flatnonzero(self.lots[t] > 0)
        rows = [
            (paid, np.full(len(paid), t), kind, self.lots[t][paid], np.full(len(paid), last - 2))
            for kind in (0, 1)
        ]
        for held in range(max(-VESTING, t - 2 * VESTING), t):
            left = (self.lots[held] > 0) & ~self.taken[held]
            vested = t - held > VESTING
            goes = left & (rng.random(d) < 0.3) if vested else left & (self.leaves == t)
            who = np.flatnonzero(goes)
            self.taken[held][who] = True
            day = day_number(month.first) + rng.integers(1, 27, len(who))
            rows.append((who, np.full(len(who), held), 2, -2 * self.lots[held][who], day))
            if not vested:
                self.early += [
                    {"dealer_id": dealer_id(i), "lot_id": self._lot(held), "in": month.period}
                    for i in who
                ]
        who = np.concatenate([r[0] for r in rows])
        lot = np.concatenate([r[1] for r in rows])
        kind = np.concatenate([np.full(len(r[0]), r[2]) for r in rows])
        amount = np.concatenate([r[3] for r in rows])
        day = np.concatenate([r[4] for r in rows])
        order = np.lexsort((kind, lot, who, day))
        who, lot, kind, amount, day = who[order], lot[order], kind[order], amount[order], day[order]
        out, early = kind == 2, (kind == 2) & (t - lot <= VESTING)
        number = pl.int_range(1, len(who) + 1, eager=True).cast(pl.String).str.zfill(6)
        vests = np.array([self._month_first(int(x) + VESTING + 1) for x in lot], dtype=np.int64)
        why = np.where(early, 3, rng.choice(3, len(who), p=[0.6, 0.15, 0.25]))
        return pl.DataFrame(
            {
                "movement_id": f"FM{month.first:%Y%m}" + number,
                "dealer_id": self.dealer_ids.gather(who),
                "lot_id": pl.Series([self._lot(int(x)) for x in lot], dtype=pl.String),
                "movement_type": labels(["contribution", "subsidy", "withdrawal"], kind),
                "moved_on": days(day),
                "movement_amt": amount,
                "vests_on": days(vests),
                "approved_by": optional(channel_manager_of(self.operator, o.home[who]), out),
                "reason": optional(
                    labels(["vested", "refit", "working_capital", "exit"], why), out
                ),
            }
        )

    def _month_first(self, t: int) -> int:
        """First day of month ``t``, also outside the sample."""
        place = self.span[0].first.year * 12 + self.span[0].first.month - 1 + t
        month = np.datetime64(f"{place // 12}-{place % 12 + 1:02d}-01")
        return int(month.astype("datetime64[D]").astype(int))

    def _lot(self, t: int) -> str:
        place = self.span[0].first.year * 12 + self.span[0].first.month - 1 + t
        return f"L{place // 12}{place % 12 + 1:02d}"

    def _numbers(self, t: int) -> pl.DataFrame:
        o, month, rng = self.outlets, self.span[t], self.operator.rng("numbers", t)
        d = len(o.size)
        active = np.bincount(
            o.dealer[o.halls :],
            weights=(days_open(self.operator, o, t) > 0)[o.halls :],
            minlength=d,
        )
        wants = np.flatnonzero((rng.random(d) < 0.6) & (active > 0))
        usual = CARDS_PER_SUBSCRIBER * self.operator.scale.subscribers * o.size[wants]
        asked = 5 * (1 + rng.poisson(usual / 4))
        given = (asked * rng.uniform(0.6, 1.0, len(wants))).astype(np.int64).clip(1)
        # given by hand, good numbers go to the large
        by_hand = rng.random(len(wants)) < 0.12
        luck = np.where(by_hand, 0.05 + 0.25 * (o.size[wants] > np.quantile(o.size, 0.9)), 0.05)
        city = cities_of(self.operator.places)[o.home[wants]]
        stem = f"NA{month.first:%Y%m}"
        work = self.work.month(month)
        return pl.DataFrame(
            {
                "batch_id": labels(
                    [f"{stem}{c + 1:02d}" for c in range(city.max(initial=0) + 1)], city
                ),
                "dealer_id": self.dealer_ids.gather(wants),
                "allocated_on": days(work[np.minimum(4 + by_hand, len(work) - 1)]),
                "allocation_mode": labels(["automatic", "manual"], by_hand.astype(int)),
                "requested_cnt": asked,
                "number_cnt": given,
                "premium_number_cnt": rng.binomial(given, luck),
            }
        )

    def _checks(self, t: int) -> pl.DataFrame:
        """Channel managers visit each shop every few months and look at every item."""
        o, month, rng = self.outlets, self.span[t], self.operator.rng("outlet_check", t)
        county = self.operator.places.county_of[o.area]
        shop = (o.dealer >= 0) & (days_open(self.operator, o, t) == 1)
        visited = np.flatnonzero(shop & (rng.random(len(o)) < 0.3 * self.diligence[county]))
        work = self.work.month(month)
        at = work[rng.integers(0, len(work), len(visited))] * DAY
        at += rng.integers(9 * 3600, 18 * 3600, len(visited))
        visited, at = visited[np.argsort(at)], np.sort(at)
        k = len(CHECK_ITEMS)
        item, outlet = np.tile(np.arange(k), len(visited)), np.repeat(visited, k)
        n = len(outlet)
        fine = rng.random(n) < self.skill[outlet] - 0.06 * (o.kind[outlet] == VILLAGE)
        put_right = ~fine & (rng.random(n) < 0.35)
        clock = np.repeat(at, k)
        faded = 1 - o.left(t)[outlet]
        shelf = (rng.beta(2, 6, n) + 0.4 * faded).clip(0, 1).round(4)
        stock = rng.poisson(12, n) * (fine | put_right)
        number = pl.int_range(1, n + 1, eager=True).cast(pl.String).str.zfill(6)
        later = np.minimum(clock // DAY + rng.integers(1, 20, n), day_number(month.last))
        return pl.DataFrame(
            {
                "check_id": f"CK{month.first:%Y%m}" + number,
                "outlet_id": self.outlet_ids.gather(outlet),
                "channel_manager_id": channel_manager_of(self.operator, o.area[outlet]),
                "checked_at": moments(clock),
                "item": labels(CHECK_ITEMS, item),
                "result": labels(
                    ["passed", "corrected", "failed"], np.where(fine, 0, np.where(put_right, 1, 2))
                ),
                "card_stock_cnt": optional(pl.Series(stock), item == 2),
                "material_cnt": optional(pl.Series(rng.poisson(6, n)), item == 1),
                "competitor_shelf_rate": optional(pl.Series(shelf), item == 5),
                "corrected_on": optional(days(later), put_right),
            }
        )

    def _messages(self, t: int) -> pl.DataFrame:
        """Policies to all, notices of commission to one shop of each dealer, calls from some."""
        o, month, rng = self.outlets, self.span[t], self.operator.rng("dealer_message", t)
        work = self.work.month(month)
        open_all = np.flatnonzero((o.dealer >= 0) & (days_open(self.operator, o, t) == 1))
        main = open_all[np.unique(o.dealer[open_all], return_index=True)[1]]
        first_day = int(work[min(7, len(work) - 1)])
        parts = [(main, 1, np.full(len(main), first_day * DAY + 10 * 3600))]
        for _ in range(1 + t % 2):
            when = int(work[rng.integers(0, len(work))]) * DAY + int(rng.integers(9, 17)) * 3600
            parts.append((open_all, 3 * int(rng.random() < 0.2), np.full(len(open_all), when)))
        dropped = open_all[o.recharge_left(t)[open_all] < 0.6]
        warned = dropped[rng.random(len(dropped)) < 0.5]
        parts.append((warned, 2, rng.choice(work, len(warned)) * DAY + 15 * 3600))
        calls = open_all[rng.random(len(open_all)) < 0.12]
        at = rng.choice(work, len(calls)) * DAY + rng.integers(9 * 3600, 18 * 3600, len(calls))
        outlet = np.concatenate([*(p[0] for p in parts), calls])
        subject = np.concatenate(
            [*(np.full(len(p[0]), p[1]) for p in parts), rng.integers(4, 6, len(calls))]
        )
        sent = np.concatenate([*(p[2] for p in parts), at])
        order = np.lexsort((outlet, sent))
        outlet, subject, sent = outlet[order], subject[order], sent[order]
        n, up = len(outlet), subject >= 4
        # messages to villages take longer
        slow = np.where(o.kind[outlet] == VILLAGE, 3600, 60)
        delivered = sent + (rng.exponential(1, n) * slow).astype(np.int64) + 2
        lost = rng.random(n) < np.where(o.kind[outlet] == VILLAGE, 0.06, 0.015)
        read = delivered + rng.exponential(5 * 3600, n).astype(np.int64)
        reads = ~up & ~lost & (rng.random(n) < 0.75 * np.minimum(o.left(t)[outlet] + 0.2, 1))
        answered = self.work.after(sent, rng.exponential(3 * 3600, n) + 60)
        number = pl.int_range(1, n + 1, eager=True).cast(pl.String).str.zfill(6)
        subjects = [
            "policy",
            "commission_notice",
            "warning",
            "training",
            "enquiry",
            "stock_shortage",
        ]
        return pl.DataFrame(
            {
                "message_id": f"DM{month.first:%Y%m}" + number,
                "outlet_id": self.outlet_ids.gather(outlet),
                "dealer_id": self.dealer_ids.gather(o.dealer[outlet]),
                "direction": labels(["down", "up"], up.astype(int)),
                "subject": labels(subjects, subject),
                "sent_at": moments(sent),
                "delivered_at": optional(moments(delivered), ~up & ~lost),
                "read_at": optional(moments(read), reads),
                "answered_at": optional(moments(answered), up & (rng.random(n) < 0.94)),
            }
        )


def _in_quarter(day: np.ndarray, year: int, quarter: int) -> np.ndarray:
    """Which days lie in a quarter."""
    month = days(day).dt
    return ((month.year() == year) & (month.quarter() == quarter)).to_numpy()
