"""Contacts with subscribers outside campaigns, warnings answered, calls forwarded, points."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from orchestration.sample.campaigns import (
    ORGANIC,
    draw_lists,
    plan_campaigns,
    preferred_channel,
)
from orchestration.sample.lives import LEAVE, OFF_NET, ON_NET, PORT, PORTED_OUT
from orchestration.sample.managers import draw_managers
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import NO_MANAGER, day_number
from orchestration.sample.tables import labels, moments, numbered
from orchestration.sample.working_time import DAY as WORKDAY
from orchestration.sample.working_time import HOUR, WorkingTime, moments_by, optional

DAY = 86_400
FAR = 2**40
CHANNELS = ["hall", "hotline", "sms", "web", "app", "self_service", "visit", "manager_call"]
HALL, HOTLINE, SMS, WEB, APP, SELF_SERVICE, VISIT, CALL = range(8)
EMAIL = 8
#: which of them a customer uses who likes the campaign channel best that stands at this place
LIKED = np.array([HALL, HOTLINE, SMS, APP, CALL, HALL])
REASONS = [
    "bill",
    "tariff",
    "fault",
    "transaction",
    "complaint",
    "need",
    "care",
    "renewal",
    "retention",
    "win_back",
]
BILL, TARIFF, FAULT, TRANSACTION, COMPLAINT, NEED, CARE, RENEWAL, RETENTION, WIN_BACK = range(10)
#: why customers come, in the order of the first six reasons: ordinary ones, those soon to leave
ORDINARY = np.array([0.24, 0.16, 0.08, 0.33, 0.06, 0.13])
LEAVING = np.array([0.2, 0.24, 0.14, 0.1, 0.24, 0.08])
PRODUCTS = ["D010", "D020", "N003", "N006", "N010", "V010", "V020"]
#: contacts a month that a customer begins
RATE = 0.2


class CustomerContacts:
    """``crm.customer_contact`` and ``crm.warning_feedback`` of a block.

    A diligent manager calls more often, answers warnings sooner and closes them; customers about to
    leave complain, ask for tariffs and are less content.
    """

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        self.liked = LIKED[preferred_channel(operator, block)]
        self.lists = draw_lists(operator, block)
        self.managers = draw_managers(operator)
        self.time = WorkingTime(operator.span)

    def of_month(self, made: BlockMonth) -> Tables:
        rng = self.operator.rng("customer_contact", made.t, self.block.number)
        rows = pl.concat(
            [self._begun_by_customers(made, rng), self._orders(made, rng), *self._calls(made, rng)]
        ).sort("contacted_at", "subscriber_id", "reason_code")
        month = f"{self.operator.span[made.t].first:%Y%m}{self.block.number:03d}"
        number = numbered(f"CC{month}", rows.height, 7).alias("contact_id")
        yield "crm.customer_contact", rows.select(number, pl.all())
        answers = self._warnings(made).sort("warned_at", "subscriber_id", "warning_phase")
        number = numbered(f"WF{month}", answers.height, 6).alias("feedback_id")
        yield "crm.warning_feedback", answers.select(number, pl.all())

    def truth(self) -> dict[str, Any]:
        return {}

    def _begun_by_customers(self, made: BlockMonth, rng: np.random.Generator) -> pl.DataFrame:
        lives, t = self.block.lives, made.t
        served = lives.until[made.here, t].astype(np.int64) - lives.since[made.here, t] + 1
        fading = lives.fading[made.here, t] >= 0
        busy = made.usage["active_days"] > 0
        rate = (RATE + 0.35 * fading) * np.exp(0.15 * self.block.people.worth[made.here])
        times = rng.poisson(np.where((served > 0) & busy, rate, 0.0))
        at = np.repeat(np.arange(len(made.here)), times)
        who, leaves = made.here[at], fading[at]
        draw = rng.random(len(at))
        reason = np.where(
            leaves,
            np.searchsorted(np.cumsum(LEAVING)[:-1], draw, side="right"),
            np.searchsorted(np.cumsum(ORDINARY)[:-1], draw, side="right"),
        )
        channel = np.where(rng.random(len(at)) < 0.65, self.liked[who], rng.integers(0, 6, len(at)))
        unknown = (channel == CALL) & (lives.manager[who, t] == NO_MANAGER)
        channel = np.where(unknown, HOTLINE, channel)
        day = lives.since[who, t] + (rng.random(len(at)) * served[at]).astype(np.int64)
        start = day_number(self.operator.span[t].first)
        hall = np.isin(channel, [HALL, CALL])
        second = np.where(
            hall,
            rng.integers(9 * HOUR, 18 * HOUR, len(at)),
            rng.integers(7 * HOUR, 23 * HOUR, len(at)),
        )
        orders = np.isin(reason, [TRANSACTION, NEED]) & (rng.random(len(at)) < 0.25)
        product = np.where(orders, rng.integers(0, len(PRODUCTS), len(at)), len(PRODUCTS))
        return self._rows(
            rng,
            t,
            who,
            (start + day - 1) * DAY + second,
            channel=channel,
            reason=reason,
            product=product,
            sour=leaves,
        )

    def _orders(self, made: BlockMonth, rng: np.random.Generator) -> pl.DataFrame:
        """Who orders a campaign's product without being asked: as many of either group."""
        who, product = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        wanted = sorted({c.what[3] for c in plan_campaigns(self.operator)})
        for each in self.lists:
            if each.campaign.t == made.t:
                pick = each.who[rng.random(len(each.who)) < ORGANIC]
                pick = pick[self.block.lives.until[pick, made.t] > 0]
                who.append(pick)
                product.append(np.full(len(pick), wanted.index(each.campaign.what[3])))
        one, ordered = np.concatenate(who), np.concatenate(product)
        last = self.block.lives.until[one, made.t].astype(np.int64)
        day = (last * rng.random(len(one))).astype(np.int64)
        second = (day_number(self.operator.span[made.t].first) + day) * DAY
        second = second + rng.integers(9 * HOUR, 18 * HOUR, len(one))
        channel = np.where(self.liked[one] == CALL, HALL, self.liked[one])
        return self._rows(
            rng,
            made.t,
            one,
            second,
            channel=channel,
            reason=np.full(len(one), TRANSACTION),
            product=ordered,
            sour=np.zeros(len(one), bool),
            products=wanted,
        )

    def _calls(self, made: BlockMonth, rng: np.random.Generator) -> list[pl.DataFrame]:
        """What managers do of themselves: care, renewals, keeping those who fade, winning back."""
        lives, people, t = self.block.lives, self.block.people, made.t
        month = self.operator.span[t]
        first, days = day_number(month.first), self.time.month(month)
        managed = made.here[lives.manager[made.here, t] != NO_MANAGER]
        stays = managed[lives.status[managed, t] == ON_NET]
        stays = stays[lives.since[stays, t] == 1]
        zeal = self.managers.diligence[lives.manager[stays, t]]
        often = np.array([0.5, 0.4, 0.25, 0.1])[people.vip[stays]] * zeal
        ends = lives.bindings.last_day[stays]
        renews = (ends >= first) & (ends < first + 75)
        fades = lives.fading[stays, t] >= 0
        often = np.where(renews, 0.6 * zeal, np.where(fades, 0.45 * zeal, often))
        who = stays[rng.random(len(stays)) < often]
        at = np.searchsorted(stays, who)
        reason = np.select([renews[at], fades[at]], [RENEWAL, RETENTION], CARE)
        # the higher the card the more personal the way
        personal = rng.random(len(who)) + 0.15 * people.vip[who]
        channel = np.select([personal < 0.3, personal < 0.95], [VISIT, CALL], SMS)
        channel = np.where(rng.random(len(who)) < 0.06, EMAIL, channel)
        second = days[rng.integers(0, len(days), len(who))] * DAY
        second = second + rng.integers(9 * HOUR, 18 * HOUR, len(who))
        made_calls = self._rows(
            rng,
            t,
            who,
            second,
            channel=channel,
            reason=reason,
            product=np.full(len(who), len(PRODUCTS)),
            sour=fades[at],
            by_operator=True,
        )
        left, when = _left(self.block, t)
        known = lives.manager[left, t] != NO_MANAGER
        left, when = left[known], when[known]
        tries = rng.random(len(left)) < 0.6 * self.managers.diligence[lives.manager[left, t]]
        left, when = left[tries], when[tries]
        again = self.time.after(when, rng.gamma(2.0, 1.0, len(left)) * WORKDAY)
        soon = again < day_number(month.next.first) * DAY
        left, again = left[soon], again[soon]
        count = len(left)
        won_back = self._rows(
            rng,
            t,
            left,
            again,
            channel=np.full(count, CALL),
            reason=np.full(count, WIN_BACK),
            product=np.full(count, len(PRODUCTS)),
            sour=np.ones(count, bool),
            by_operator=True,
        )
        return [made_calls, won_back]

    def _rows(
        self,
        rng: np.random.Generator,
        t: int,
        who: np.ndarray,
        second: np.ndarray,
        *,
        channel: np.ndarray,
        reason: np.ndarray,
        product: np.ndarray,
        sour: np.ndarray,
        products: list[str] | None = None,
        by_operator: bool = False,
    ) -> pl.DataFrame:
        """Rows of contacts; ``sour`` customers are about to leave and rate low."""
        k, people = len(who), self.block.people
        attended = np.isin(channel, [HALL, HOTLINE])
        seat = attended & (people.vip[who] < 3) & (rng.random(k) < 0.75) & (not by_operator)
        mean = np.select([channel == HALL, channel == HOTLINE], [420.0, 45.0], 0.0)
        wait = rng.exponential(np.maximum(np.where(seat, mean * 0.3, mean), 1e-9)).astype(np.int64)
        wait = np.where(attended & (not by_operator), wait, 0)
        hard = np.isin(reason, [FAULT, COMPLAINT, RETENTION, WIN_BACK])
        solved = rng.random(k) < np.where(hard, 0.6, 0.93)
        mood = 4.3 - 1.1 * sour - 0.9 * ~solved - 0.0008 * wait + 0.7 * rng.standard_normal(k)
        says = rng.random(k) < 0.25
        staff = np.where(
            np.isin(channel, [VISIT, CALL]) | by_operator,
            self.block.lives.manager[who, t].astype(np.int64),
            NO_MANAGER,
        )
        ids = self.operator.places.manager_ids
        sent_on = attended & (reason == TRANSACTION) & (rng.random(k) < 0.1) & (not by_operator)
        names: list[str] = products or PRODUCTS
        return pl.DataFrame(
            {
                "subscriber_id": self.block.ids.gather(who),
                "contacted_at": moments(second),
                "channel_type": labels([*CHANNELS, "email"], channel),
                "direction": pl.Series(
                    ["operator" if by_operator else "customer"] * k, dtype=pl.String
                ),
                "reason_code": labels(REASONS, reason),
                "transfer_channel": labels(
                    ["app", "self_service", None], np.where(sent_on, rng.integers(0, 2, k), 2)
                ),
                "staff_id": labels([*ids, None], np.where(staff == NO_MANAGER, len(ids), staff)),
                "product_id": labels([*names, None], product),
                "is_vip_seat": seat,
                "wait_seconds_cnt": wait,
                "is_resolved": solved,
                "satisfaction_score": optional(
                    pl.Series(np.rint(mood).clip(1, 5).astype(np.int64)), says
                ),
            }
        )

    def _warnings(self, made: BlockMonth) -> pl.DataFrame:
        """Warnings the managers got and what they did; they notice a false alarm if diligent."""
        lives, t = self.block.lives, made.t
        rng = self.operator.rng("warning_feedback", t, self.block.number)
        month = self.operator.span[t]
        end = day_number(month.next.first) * DAY
        managed = made.here[lives.manager[made.here, t] != NO_MANAGER]
        on = managed[(lives.status[managed, t] == ON_NET) & (lives.since[managed, t] == 1)]
        fades = (lives.fading[on, t] >= 0) | lives.forwards[on, t]
        raised = rng.random(len(on)) < np.where(fades, 0.6, 0.012)
        warned, true = on[raised], fades[raised]
        days = self.time.month(month)
        at = days[rng.integers(0, max(len(days) * 2 // 3, 1), len(warned))] * DAY + 8 * HOUR
        left, when = _left(self.block, t)
        known = lives.manager[left, t] != NO_MANAGER
        left, when = left[known], when[known]
        notice = when + rng.integers(600, 4 * HOUR, len(left))
        timely = notice < end
        who = np.concatenate([warned, left[timely]])
        sent = np.concatenate([at, notice[timely]])
        after = np.arange(len(who)) >= len(warned)
        real = np.concatenate([true, np.ones(int(timely.sum()), bool)])
        k, manager = len(who), lives.manager[who, t].astype(np.int64)
        zeal = self.managers.diligence[manager]
        seen = rng.random(k) < 0.35 + 0.65 * zeal
        lag = rng.gamma(1.3, 1.0, k) * (1.25 - zeal) ** 2 * 24
        read = np.where(seen, self.time.after(sent, lag * HOUR), FAR)
        works = seen & (rng.random(k) < 0.2 + 0.8 * zeal)
        acted = np.where(
            works, self.time.after(np.minimum(read, end), rng.gamma(1.5, 4.0, k) * HOUR), FAR
        )
        acted = np.where(read < end, acted, FAR)
        knows = rng.random(k) < 0.4 + 0.5 * zeal
        # of real ones the manager keeps, as he sees it, four in ten
        guess = np.where(real, rng.random(k) < 0.6, 2)
        result = np.where(after, 1, np.where(knows, guess, 3)).astype(np.int64)
        action = np.where(
            result == 2, 3, np.searchsorted([0.25, 0.75], rng.random(k), side="right")
        )
        closed = np.where(
            acted < end,
            self.time.after(np.minimum(acted, end), rng.gamma(1.5, 12.0, k) * HOUR),
            FAR,
        )
        return pl.DataFrame(
            {
                "subscriber_id": self.block.ids.gather(who),
                "warning_phase": labels(["during", "after"], after.astype(np.int64)),
                "warned_at": moments(sent),
                "staff_id": labels(self.operator.places.manager_ids, manager),
                "acknowledged_at": moments_by(read, end),
                "action_code": optional(
                    labels(["visit", "call", "offer", "none_needed"], action), acted < end
                ),
                "acted_at": moments_by(acted, end),
                "outcome_code": optional(
                    labels(["stays", "leaves", "false_alarm", "unknown"], result), closed < end
                ),
                "closed_at": moments_by(closed, end),
            }
        )


def _left(block: Block, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Who left in month ``t``, and the second at which they did."""
    who, when = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for event in block.lives.events:
        pick = (event["month"] == t) & np.isin(event["type"], [LEAVE, PORT])
        who.append(event["who"][pick])
        when.append(event["second"][pick])
    return np.concatenate(who), np.concatenate(when)


class CallForwarding:
    """``boss.call_forward_setting`` of a block.

    Some forward calls all the time, when busy or away, mostly within the network; those who are
    about to leave with their calls forwarded send them to the network they go to.
    """

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        rng, lives, people = operator.rng("forwarding", block.number), block.lives, block.people
        n, span = len(people), operator.span
        firsts = np.array([day_number(m.first) for m in span])
        lasts = np.array([day_number(m.last) for m in span])
        out = np.isin(lives.status, [OFF_NET, PORTED_OUT])
        gone = np.where(
            out.any(axis=1), lives.status_since[np.arange(n), out.argmax(axis=1)], FAR // DAY
        )
        habit = np.flatnonzero(block.behaviour.uses_forwarding)
        habit_set = people.opened[habit] + rng.integers(1, 60, len(habit))
        brief = rng.choice(n, size=n // 40, replace=False)
        brief_set = rng.integers(firsts[0], lasts[-1], len(brief))
        jump = np.flatnonzero(lives.forwards.any(axis=1))
        month = lives.forwards[jump].argmax(axis=1)
        until = np.minimum(lasts[month], gone[jump] - 1)
        room = np.maximum(until - firsts[month], 0)
        jump_set = firsts[month] + (rng.random(len(jump)) * room * 0.6).astype(np.int64)
        who = np.concatenate([habit, brief, jump])
        sizes = [len(habit), len(brief), len(jump)]
        self.kind = np.repeat([0, 1, 2], sizes)
        day = np.concatenate([habit_set, brief_set, jump_set])
        ends = np.where(self.kind == 1, day + rng.integers(1, 12, len(who)), gone[who])
        ends = np.minimum(ends, gone[who])
        fits = (day > people.opened[who]) & (day < ends)
        order = np.flatnonzero(fits)
        order = order[np.lexsort((who[order], day[order]))]
        k = len(order)
        self.who, self.kind = who[order], self.kind[order]
        self.set = day[order] * DAY + rng.integers(7 * HOUR, 22 * HOUR, k)
        # whoever leaves is off the network by then: the setting ends in the small hours
        self.cancelled = ends[order] * DAY + rng.integers(0, 6 * HOUR, k)
        away = self.kind == 2
        self.type = np.where(away, 0, rng.choice(4, size=k, p=[0.1, 0.45, 0.3, 0.15]))
        usual = rng.choice(4, size=k, p=[0.72, 0.08, 0.08, 0.12])
        self.target = np.where(away, 1 + self.who % 2, usual)
        self.channel = rng.choice(4, size=k, p=[0.7, 0.08, 0.12, 0.1])
        self.number = rng.integers(0, 2**62, k)

    def of_month(self, made: BlockMonth) -> Tables:
        month = self.operator.span[made.t]
        first, end = day_number(month.first) * DAY, day_number(month.next.first) * DAY
        row = np.flatnonzero((self.set < end) & (self.cancelled >= first))
        stem = f"CF{self.block.number:03d}"
        yield (
            "boss.call_forward_setting",
            pl.DataFrame(
                {
                    "setting_id": pl.Series([f"{stem}{i:07d}" for i in row + 1], dtype=pl.String),
                    "subscriber_id": self.block.ids.gather(self.who[row]),
                    "forward_type": labels(
                        ["always", "busy", "no_reply", "unreachable"], self.type[row]
                    ),
                    "target_network": labels(["own", "op_b", "op_c", "fixed"], self.target[row]),
                    "target_hash": pl.Series(
                        [f"{d:016x}" for d in self.number[row]], dtype=pl.String
                    ),
                    "set_at": moments(self.set[row]),
                    "cancelled_at": moments_by(self.cancelled[row], end),
                    "set_channel": labels(["handset", "hall", "hotline", "app"], self.channel[row]),
                }
            ),
        )

    def truth(self) -> dict[str, Any]:
        return {}


class Points:
    """``points.movement`` of a block: the two better brands earn a point for each yuan."""

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        rng, people = operator.rng("points", block.number), block.people
        self.member = people.brand < 2
        start = day_number(operator.span[0].first)
        tenure = np.maximum(start - people.opened, 0) / 30.4
        spent = 66 * np.exp(0.66 * people.worth) * np.minimum(tenure, 18)
        self.balance = (spent * rng.uniform(0.2, 0.9, len(people))).astype(np.int64)
        self.balance[~self.member] = 0
        self.keen = rng.beta(1.2, 12, len(people))
        self.drives = {c.t for c in plan_campaigns(operator) if c.what[0] == "points"}

    def of_month(self, made: BlockMonth) -> Tables:
        rng, t = self.operator.rng("points_month", made.t, self.block.number), made.t
        month, lives = self.operator.span[t], self.block.lives
        first, last = day_number(month.first), day_number(month.last)
        ids, here = self.block.ids, made.here
        stays = here[lives.status[here, t] == ON_NET]
        member = stays[self.member[stays] & (lives.since[stays, t] == 1)]
        chance = self.keen[member] * (3.0 if t in self.drives else 1.0) * 0.6
        buys = member[(rng.random(len(member)) < chance) & (self.balance[member] >= 500)]
        share = rng.choice([0.3, 0.6, 0.95], size=len(buys))
        used = (self.balance[buys] * share).astype(np.int64) // 100 * 100
        used = np.maximum(used, 500)
        self.balance[buys] -= used
        when = (first + rng.integers(0, last - first, len(buys))) * DAY
        when = when + rng.integers(8 * HOUR, 21 * HOUR, len(buys))
        what = rng.choice(3, size=len(buys), p=[0.35, 0.4, 0.25])
        if t in self.drives:
            what = np.where(rng.random(len(buys)) < 0.6, 2, what)
        channel = rng.choice(4, size=len(buys), p=[0.25, 0.15, 0.45, 0.15])
        parts = [
            _movements(ids, buys, when, "redeem", (-used, self.balance[buys])).with_columns(
                labels(["gift", "airtime", "data_pack"], what).alias("reason_code"),
                # a hundred points are worth about one yuan and a half
                pl.Series("value_amt", used * 3 // 2),
                labels(["hall", "hotline", "app", "web"], channel).alias("redeem_channel"),
            )
        ]
        billed = np.zeros(len(self.block.people), np.int64)
        billed[here] = made.bill["billed_amt"]
        earns = member[billed[member] >= 100]
        points = billed[earns] // 100
        self.balance[earns] += points
        night = last * DAY + 22 * HOUR + rng.integers(0, HOUR, len(earns))
        parts.append(_movements(ids, earns, night, "earn", (points, self.balance[earns])))
        if month.first.month == 12:
            old = member[self.balance[member] > 3000]
            lost = self.balance[old] // 5
            self.balance[old] -= lost
            midnight = np.full(len(old), last * DAY + 23 * HOUR + 1800)
            expired = _movements(ids, old, midnight, "expire", (-lost, self.balance[old]))
            parts.append(expired.with_columns(pl.lit("old_points").alias("reason_code")))
        table = pl.concat(parts)
        stem = f"PM{month.first:%Y%m}{self.block.number:03d}"
        yield (
            "points.movement",
            table.select(numbered(stem, table.height, 7).alias("movement_id"), pl.all()),
        )

    def truth(self) -> dict[str, Any]:
        return {}


def _movements(
    ids: pl.Series, who: np.ndarray, second: np.ndarray, kind: str, by: tuple[np.ndarray, ...]
) -> pl.DataFrame:
    """Rows of one kind of movement; ``by`` are the points moved and the balance after it."""
    points, balance = by
    return pl.DataFrame(
        {
            "subscriber_id": ids.gather(who),
            "moved_at": moments(second),
            "movement_type": pl.Series([kind] * len(who), dtype=pl.String),
            "points_cnt": points,
            "balance_cnt": balance,
            "reason_code": pl.Series(["consumption"] * len(who), dtype=pl.String),
            "value_amt": np.zeros(len(who), np.int64),
            "redeem_channel": pl.Series([None] * len(who), dtype=pl.String),
        }
    )
