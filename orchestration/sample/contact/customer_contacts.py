"""Contacts with subscribers outside campaigns: who began them, why, and how they ended."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.contact.campaign_lists import draw_lists, preferred_channel
from orchestration.sample.contact.campaigns import ORGANIC, plan_campaigns
from orchestration.sample.lives import ON_NET
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import NO_MANAGER, day_number
from orchestration.sample.tables import labels, moments, numbered
from orchestration.sample.work.managers import draw_managers
from orchestration.sample.working_time import DAY as WORKDAY
from orchestration.sample.working_time import HOUR, WorkingTime, optional

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
    """``crm.customer_contact`` of a block.

    A diligent manager calls more often; customers about to leave complain, ask for tariffs and are
    less content.
    """

    feeds: ClassVar[tuple[str, ...]] = ("crm.customer_contact",)

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
        left, when = lives.left_in(t)
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
