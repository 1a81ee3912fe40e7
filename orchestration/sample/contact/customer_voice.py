"""What subscribers do and say through electronic channels: log-ins, calls answered, ratings."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.channel.clerks import clerk_ids
from orchestration.sample.channel.counters import hall_of
from orchestration.sample.channel.openings import place_openings
from orchestration.sample.channel.outlets import dealer_id, draw_outlets, outlet_id
from orchestration.sample.contact.campaigns import plan_campaigns
from orchestration.sample.groups.customers import RELATION_LOST, SERVICE_FAILURE, draw_groups
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, moments
from orchestration.sample.working_time import WorkingTime, optional

E_CHANNELS = ["hotline_10086", "web", "sms", "wap", "self_service", "app"]
WEB, APP = 1, 5
#: share of subscribers who use each channel in a month, and how often those do
USERS = np.array([0.12, 0.07, 0.1, 0.03, 0.04, 0.06])
OFTEN = np.array([0.6, 2.5, 1.2, 1.5, 0.4, 5.0])
PAYS = np.array([0.05, 0.35, 0.0, 0.05, 0.7, 0.4])
#: share of subscribers with a service password in the first month, and what each month adds
PASSWORDS, MORE_PASSWORDS = 0.08, 0.004
RATED = ["account_opening", "card_replacement", "special_prepayment", "payment", "product_change"]
ASKED, ANSWERS, BY_MANAGER = 0.04, 0.36, 0.06
PURPOSES = [
    "new_business",
    "brand_migration",
    "offer",
    "new_joiner_care",
    "satisfaction",
    "market_survey",
]
PRODUCTS = ["N003", "T088", "D010"]
CARE, SATISFACTION = 3, 4
#: outbound calls a month for each subscriber by purpose; care calls go to newcomers
CALLS = np.array([0.006, 0.002, 0.005, 0.0, 0.005, 0.002])
CARED_FOR = 0.6
DEALER_ITEMS = [
    "commission_settlement",
    "supply_support",
    "policy_information",
    "complaint_handling",
    "responsiveness",
]
CUSTOMER_ITEMS = [
    "tangibles",
    "reliability",
    "responsiveness",
    "assurance",
    "empathy",
    "awareness",
    "credibility",
]
#: dealers and groups are asked every half year; of looked-after subscribers a few each month
HALF_YEAR, SUBSCRIBERS_ASKED = 6, 0.008
DAY = 86_400


class CustomerVoice:
    """Feeds of electronic channels and ratings that have rows per subscriber."""

    feeds: ClassVar[tuple[str, ...]] = (
        "echannel.user_month",
        "echannel.outbound_call",
        "survey.sms_rating",
        "survey.answer",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block, self.span = operator, block, operator.span
        self.outlets, self.sold = draw_outlets(operator), place_openings(operator, block)
        self.outlet_ids = pl.Series([outlet_id(i) for i in range(len(self.outlets))])
        self.manager_ids = pl.Series(operator.places.manager_ids)
        self.county = operator.places.county_of
        self.work = WorkingTime(operator.span)
        self.campaigns = plan_campaigns(operator)
        rng, n = operator.rng("customer_voice", block.number), len(block.people)
        # the young and the valuable come first to the web
        taste = 0.5 * block.people.data + rng.standard_normal(n)
        self.early = np.argsort(np.argsort(-taste)) / max(n, 1)
        self.likes = rng.random((n, len(E_CHANNELS)))
        self.referred, self.draw = rng.random(n) < 0.3, rng.random(n)
        # a password in use when the sample begins was set in the two years before
        self.earlier = day_number(self.span[0].first) - rng.integers(1, 700, n)
        self.pleased = 7.6 + 0.9 * rng.standard_normal(n)

    def of_month(self, made: BlockMonth) -> Tables:
        yield "echannel.user_month", self._users(made)
        yield "echannel.outbound_call", self._calls(made)
        yield "survey.sms_rating", self._ratings(made)
        yield "survey.answer", self._answers(made)

    def truth(self) -> dict[str, Any]:
        return {}

    def _password_month(self) -> np.ndarray:
        """The month in which each sets a service password; negative if before the sample."""
        return np.ceil((self.early - PASSWORDS) / MORE_PASSWORDS).astype(np.int64).clip(-1)

    def _users(self, made: BlockMonth) -> pl.DataFrame:
        t, here, month = made.t, made.here, self.span[made.t]
        rng = self.operator.rng("user_month", t, self.block.number)
        people, first = self.block.people, day_number(month.first)
        has = (self._password_month() <= t)[here]
        quiet = self.sold.fake[here]
        parts = []
        for c in range(len(E_CHANNELS)):
            # habits last: who likes a channel uses it in most months
            fond = self.likes[here, c] < USERS[c] * 1.4 * (1.02 ** (t * (c == APP)))
            uses = fond & (rng.random(len(here)) < 0.7) & ~quiet
            uses &= has if c == WEB else True
            listed = uses | (has & ~quiet) if c == WEB else uses
            place = np.flatnonzero(listed)
            log_ins = np.where(uses, 1 + rng.poisson(OFTEN[c], len(here)), 0)[place]
            done = rng.binomial(log_ins, 0.55)
            parts.append((np.full(len(place), c), here[place], log_ins, done))
        channel, who, log_ins, done = (np.concatenate([p[k] for p in parts]) for k in range(4))
        order = np.lexsort((channel, who))
        channel, who, log_ins, done = channel[order], who[order], log_ins[order], done[order]
        since = np.array([day_number(m.first) for m in self.span])
        set_in = self._password_month()[who]
        registered = np.where(
            set_in < 0, self.earlier[who], since[set_in.clip(0, t)] + (who * 7) % 28
        )
        registered = np.minimum(np.maximum(registered, people.opened[who]), first + month.days - 1)
        hall = hall_of(self.outlets, people.area[who], self.draw[who], self.county)
        open_then = self.outlets.opened[hall] <= registered
        by_hall = (channel == WEB) & self.referred[who] & open_then
        return pl.DataFrame(
            {
                "subscriber_id": self.block.ids.gather(who),
                "channel": labels(E_CHANNELS, channel),
                "login_cnt": log_ins,
                "transaction_cnt": done,
                "payment_cnt": rng.binomial(done, PAYS[channel]),
                "has_service_password": self._password_month()[who] <= t,
                "registered_on": optional(days(registered), channel == WEB),
                "referrer_outlet_id": optional(self.outlet_ids.gather(hall), by_hall),
            }
        )

    def _served(self, who: np.ndarray, t: int, rng: np.random.Generator) -> np.ndarray:
        """A day of service of each in the month; -1 for those who had none."""
        since, until = self.block.lives.since[who, t], self.block.lives.until[who, t]
        day = since + (rng.random(len(who)) * (until - since + 1).clip(0)).astype(np.int64)
        return np.where(until >= since, day_number(self.span[t].first) + day - 1, -1)

    def _calls(self, made: BlockMonth) -> pl.DataFrame:
        t, here, month = made.t, made.here, self.span[made.t]
        rng = self.operator.rng("outbound_call", t, self.block.number)
        parts = []
        for why, share in enumerate(CALLS):
            called = rng.random(len(here)) < share
            if why == CARE:
                new = self.block.people.opens[here]
                called = (new >= 0) & (new == t - 1) & (rng.random(len(here)) < CARED_FOR)
            parts.append((here[called], np.full(int(called.sum()), why)))
        who, purpose = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
        day = self._served(who, t, rng)
        who, purpose, day = who[day >= 0], purpose[day >= 0], day[day >= 0]
        at = day * DAY + rng.integers(9 * 3600, 20 * 3600, len(who))
        order = np.lexsort((who, at))
        who, purpose, at = who[order], purpose[order], at[order]
        n = len(who)
        reached = (rng.random(n) < 0.64) & ~self.sold.fake[who]
        willing = reached & (rng.random(n) < 0.8)
        sells = purpose < CARE
        result = np.select([~reached, ~willing, sells & (rng.random(n) < 0.14)], [0, 1, 3], 2)
        talk = np.select(
            [~reached, ~willing], [0, rng.integers(5, 40, n)], rng.integers(40, 420, n)
        )
        asks = (purpose == SATISFACTION) | (purpose == CARE)
        score = np.round(self.pleased[who] + 0.8 * rng.standard_normal(n)).clip(1, 10)
        # campaigns without a list of their own are offered to whoever is called
        open_to_all = [c.id for c in self.campaigns if c.t == t and c.what[0] == "points"]
        offered = (purpose == 2) & bool(open_to_all) & (rng.random(n) < 0.7)
        number = pl.int_range(1, n + 1, eager=True).cast(pl.String).str.zfill(6)
        agents = rng.integers(1, 3 + self.operator.scale.subscribers // 1500, n)
        return pl.DataFrame(
            {
                "call_id": f"OC{month.first:%Y%m}{self.block.number:03d}" + number,
                "subscriber_id": self.block.ids.gather(who),
                "purpose": labels(PURPOSES, purpose),
                "campaign_id": labels([None, *open_to_all[:1]], offered.astype(int)),
                "agent_no": "A" + pl.Series(agents).cast(pl.String).str.zfill(4),
                "called_at": moments(at),
                "result": labels(["not_reached", "refused", "completed", "accepted"], result),
                "talk_seconds": talk,
                "product_id": optional(labels(PRODUCTS, purpose.clip(0, 2)), sells),
                "satisfaction_score": optional(
                    pl.Series(score.astype(np.int64)), asks & (result == 2)
                ),
            }
        )

    def _ratings(self, made: BlockMonth) -> pl.DataFrame:
        t, here, month = made.t, made.here, self.span[made.t]
        rng = self.operator.rng("sms_rating", t, self.block.number)
        new = (self.block.people.opens[here] == t) & (self.block.people.channel[here] == 0)
        asked = np.where(new, 0.8, ASKED) > rng.random(len(here))
        who, new = here[asked & ~self.sold.fake[here]], new[asked & ~self.sold.fake[here]]
        day = self._served(who, t, rng)
        who, new, day = who[day >= 0], new[day >= 0], day[day >= 0]
        at = day * DAY + rng.integers(9 * 3600, 19 * 3600, len(who))
        # nobody is asked about an opening before it happened
        at = np.where(new, self.sold.opened[who] + 600, at)
        order = np.lexsort((who, at))
        who, new, at = who[order], new[order], at[order]
        n = len(who)
        kind = np.where(new, 0, rng.choice([1, 2, 3, 4], n, p=[0.12, 0.1, 0.5, 0.28]))
        manager = self.block.lives.manager[who, t]
        cared = (manager >= 0) & (kind >= 2) & (rng.random(n) < BY_MANAGER * 4)
        area = self.block.lives.area[who, t].astype(np.int64)
        hall = hall_of(self.outlets, area, rng.random(n), self.county)
        hall = np.where(new, self.sold.outlet[who], hall)
        answers = rng.random(n) < ANSWERS
        sour = self.outlets.poor[hall] & ~cared
        draw = rng.random(n)
        score = np.where(
            sour,
            np.select([draw < 0.24, draw < 0.52], [1, 2], 3),
            np.select([draw < 0.03, draw < 0.13], [1, 2], 3),
        )
        number = pl.int_range(1, n + 1, eager=True).cast(pl.String).str.zfill(6)
        return pl.DataFrame(
            {
                "rating_id": f"SR{month.first:%Y%m}{self.block.number:03d}" + number,
                "subscriber_id": self.block.ids.gather(who),
                "rated_type": labels(RATED, kind),
                "outlet_id": optional(self.outlet_ids.gather(hall), ~cared),
                "staff_id": optional(clerk_ids(hall, rng.random(n), self.outlets), ~cared),
                "account_manager_id": optional(self.manager_ids.gather(manager.clip(0)), cared),
                "asked_at": moments(at),
                "answered_at": optional(
                    moments(at + rng.exponential(1800, n).astype(np.int64) + 20), answers
                ),
                "score": optional(pl.Series(score.astype(np.int64)), answers),
            }
        )

    def _answers(self, made: BlockMonth) -> pl.DataFrame:
        """Dealers and groups in their turn (with the first block), and some subscribers."""
        t, month = made.t, self.span[made.t]
        rng = self.operator.rng("survey", t, self.block.number)
        here = made.here[self.block.lives.manager[made.here, t] >= 0]
        who = here[rng.random(len(here)) < SUBSCRIBERS_ASKED]
        managers = self.block.lives.manager[who, t].astype(np.int64)
        parts = [self._asked("subscriber", who, managers, self.pleased[who], rng)]
        if self.block.number == 0:
            parts += [self._dealers_asked(t, rng), self._groups_asked(t, rng)]
        rows = pl.concat(parts)
        n = rows.height
        number = pl.int_range(1, n + 1, eager=True).cast(pl.String).str.zfill(6)
        work = self.work.month(month)
        stem = f"{self.block.number:03d}"
        half = f"SV{month.first.year}H{1 + (month.first.month > HALF_YEAR)}"
        return rows.select(
            (pl.lit(f"SA{month.first:%Y%m}{stem}") + number).alias("answer_id"),
            (pl.lit(half) + pl.col("respondent_type").str.slice(0, 1).str.to_uppercase()).alias(
                "survey_id"
            ),
            "respondent_type",
            "group_id",
            "dealer_id",
            "subscriber_id",
            "account_manager_id",
            "item",
            "expectation_score",
            "perception_score",
            pl.Series("answered_on", days(rng.choice(work, n))),
        )

    def _dealers_asked(self, t: int, rng: np.random.Generator) -> pl.DataFrame:
        o, last = self.outlets, day_number(self.span[t].last)
        turn = (np.arange(len(o.size)) % HALF_YEAR == t % HALF_YEAR) & (o.since < last - 30)
        open_still = np.bincount(
            o.dealer[o.halls :], weights=o.closed[o.halls :] > last, minlength=len(o.size)
        )
        who = np.flatnonzero(turn & (open_still > 0) & (rng.random(len(o.size)) < 0.8))
        # who is about to fade is not content
        fades = t >= o.fades_from[who] - 3
        level = 7.8 - 2.5 * fades + 0.7 * rng.standard_normal(len(who))
        return self._asked("dealer", who, np.full(len(who), -1), level, rng)

    def _groups_asked(self, t: int, rng: np.random.Generator) -> pl.DataFrame:
        g = draw_groups(self.operator)
        there = (g.opens <= t) & (g.lost_from > t)
        turn = np.arange(len(g)) % HALF_YEAR == t % HALF_YEAR
        who = np.flatnonzero(there & turn & (rng.random(len(g)) < 0.7))
        hurt = np.isin(g.drop_reason[who], (RELATION_LOST, SERVICE_FAILURE))
        hurt &= t >= g.drop_from[who] - 3
        level = 8.0 - 2.4 * hurt + 0.7 * rng.standard_normal(len(who))
        managers = g.manager_in(self.operator, t)[who]
        return self._asked("group", who, managers, level, rng)

    def _asked(
        self,
        kind: str,
        who: np.ndarray,
        manager: np.ndarray,
        level: np.ndarray,
        rng: np.random.Generator,
    ) -> pl.DataFrame:
        """Answers of some respondents of one kind to all items."""
        items = DEALER_ITEMS if kind == "dealer" else CUSTOMER_ITEMS
        k = len(items)
        at, item = np.repeat(np.arange(len(who)), k), np.tile(np.arange(k), len(who))
        n = len(at)
        found = np.round(level[at] + 0.8 * rng.standard_normal(n)).clip(1, 10).astype(np.int64)
        hoped = np.round(8.6 + 0.7 * rng.standard_normal(n)).clip(1, 10).astype(np.int64)
        ids = {
            "group": pl.Series(
                draw_groups(self.operator).ids if kind == "group" else [], dtype=pl.String
            ),
            "dealer": pl.Series([dealer_id(i) for i in range(len(self.outlets.size))]),
            "subscriber": self.block.ids,
        }
        none = pl.Series([None], dtype=pl.String).gather(np.zeros(n, np.int64))
        return pl.DataFrame(
            {
                "respondent_type": pl.Series([kind]).gather(np.zeros(n, np.int64)),
                **{
                    f"{name}_id": ids[name].gather(who[at]) if name == kind else none
                    for name in ids
                },
                "account_manager_id": optional(
                    self.manager_ids.gather(manager[at].clip(0)), manager[at] >= 0
                ),
                "item": labels(items, item),
                "expectation_score": hoped,
                "perception_score": found,
            }
        )
