"""Feeds of openings: who opened where, the cards first used, the commission for them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.behaviour import TARIFF_FEES, Columns
from orchestration.sample.channel.clerks import clerk_ids
from orchestration.sample.channel.dealer_business import (
    HANDLING_FEE,
    RECHARGE_RATE,
    air_recharges,
    batch_id,
    contest_results,
    days_open,
    fund_contributions,
    handled,
    quarter_of,
)
from orchestration.sample.channel.openings import given_up, place_openings
from orchestration.sample.channel.outlets import dealer_id, draw_outlets, outlet_id
from orchestration.sample.contact.campaigns import plan_campaigns
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import CHANNELS, day_number
from orchestration.sample.tables import days, labels, moments
from orchestration.sample.working_time import optional

TARIFFS = [f"T{fee:03d}" for fee in TARIFF_FEES]
COMMISSION_TYPES = ["opening", "handling", "recharge", "contest_reward"]
#: commission for an opening, and what is added for tariffs from the fourth on (hundredths)
OPENING_FEE, BETTER_TARIFF_FEE = 4000, 2000
FIRST_RECHARGES = np.array([0, 20, 30, 50, 100, 200]) * 100
#: of openings in the place of an acquisition campaign, the share that it wins
WON_BY_CAMPAIGN = 0.3
#: of raised numbers, the share opened with a document that was used before
USED_AGAIN = 0.6
DAY = 86_400


class OpeningFeeds:
    """Openings, activations and commission of one block."""

    feeds: ClassVar[tuple[str, ...]] = (
        "boss.opening",
        "recharge.card_activation",
        "boss.commission",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block, self.span = operator, block, operator.span
        self.outlets, self.sold = draw_outlets(operator), place_openings(operator, block)
        self.outlet_ids = pl.Series([outlet_id(i) for i in range(len(self.outlets))])
        self.dealer_ids = pl.Series([dealer_id(i) for i in range(len(self.outlets.size))])
        rng, n = operator.rng("opening_feeds", block.number), len(block.people)
        self.document = self._documents(rng)
        self.handset = (rng.random(n) < 0.14) & ~self.sold.fake
        paid = rng.choice(6, n, p=[0.06, 0.2, 0.24, 0.26, 0.18, 0.06])
        self.first_recharge = FIRST_RECHARGES[np.where(self.sold.fake, paid % 2, paid)]
        self.premium = rng.random(n) < 0.04
        self.clerk, self.luck = rng.random(n), rng.random(n)
        self.campaigns = plan_campaigns(operator)

    def _documents(self, rng: np.random.Generator) -> pl.Series:
        """Hash of the document of each newcomer; who raises numbers uses some again and again."""
        people, sold = self.block.people, self.sold
        high, low = rng.integers(0, 2**63, (2, len(people)))
        owner = np.arange(len(people))
        new = np.flatnonzero(people.opens >= 0)
        new = new[np.argsort(sold.opened[new], kind="stable")]
        # now and then somebody takes a second number
        second = new[rng.random(len(new)) < 0.015]
        earlier = new[
            (
                rng.random(len(second)) * np.searchsorted(sold.opened[new], sold.opened[second])
            ).astype(np.int64)
        ]
        owner[second] = earlier
        over = given_up(self.block)
        again = rng.random(len(people)) < USED_AGAIN
        spent: dict[int, list[int]] = {}
        for i in new[sold.fake[new]].tolist():
            used = spent.setdefault(int(self.outlets.dealer[sold.outlet[i]]), [])
            free = [j for j in used if over[j] < people.opens[i]]
            owner[i] = owner[free[-1]] if again[i] and free else i
            if free and again[i]:
                used.remove(free[-1])
            used.append(i)
        text = [f"{high[i]:016x}{low[i]:016x}" for i in owner[new]]
        return self._at(new, text)

    def _at(self, new: np.ndarray, text: list[str]) -> pl.Series:
        """``text`` of the newcomers ``new`` at their places among all; empty elsewhere."""
        place = np.full(len(self.block.people), len(text))
        place[new] = np.arange(len(text))
        return pl.Series([*text, ""], dtype=pl.String).gather(place)

    def of_month(self, made: BlockMonth) -> Tables:
        yield "boss.opening", self._openings(made.t)
        yield "recharge.card_activation", self._activations(made.t)
        yield "boss.commission", self._commission(made.t)

    def truth(self) -> dict[str, Any]:
        """``fake_openings``: numbers raised for the commission; ``wholesale_openings``: cards
        sold to another county.
        """
        ids, sold = self.block.ids, self.sold
        return {
            "fake_openings": ids.gather(np.flatnonzero(sold.fake)).to_list(),
            "wholesale_openings": ids.gather(np.flatnonzero(sold.across)).to_list(),
        }

    def _of(self, t: int) -> np.ndarray:
        """Who opens in month ``t``, in the order of opening."""
        who = np.flatnonzero(self.block.people.opens == t)
        return who[np.lexsort((who, self.sold.opened[who]))]

    def _openings(self, t: int) -> pl.DataFrame:
        o, people, sold, who = self.outlets, self.block.people, self.sold, self._of(t)
        outlet = sold.outlet[who]
        at = outlet.clip(0)
        placed, by_dealer = outlet >= 0, (outlet >= 0) & (o.dealer[at] >= 0)
        return pl.DataFrame(
            {
                "subscriber_id": self.block.ids.gather(who),
                "opened_at": moments(sold.opened[who]),
                "outlet_id": optional(self.outlet_ids.gather(at), placed),
                "dealer_id": optional(self.dealer_ids.gather(o.dealer[at].clip(0)), by_dealer),
                "sales_channel": labels(CHANNELS, people.channel[who]),
                "staff_id": optional(clerk_ids(at, self.clerk[who], o), placed),
                "product_id": labels(TARIFFS, self.block.behaviour.plan[who]),
                "campaign_id": self._campaign(t, who),
                "has_handset": self.handset[who],
                "id_document_hash": self.document.gather(who),
                "first_recharge_amt": self.first_recharge[who],
                "is_premium_number": self.premium[who],
            }
        )

    def _campaign(self, t: int, who: np.ndarray) -> pl.Series:
        """The acquisition campaign of the place, for those it won."""
        area = self.block.lives.area[who, t]
        area_ids = self.operator.places.area_ids
        found = np.full(len(who), -1)
        for k, campaign in enumerate(self.campaigns):
            if campaign.t == t and campaign.what[0] == "acquisition":
                inside = np.array([a.startswith(campaign.city) for a in area_ids])[area]
                found[inside & (self.luck[who] < WON_BY_CAMPAIGN)] = k
        return labels([*(c.id for c in self.campaigns), None], found)

    def _activations(self, t: int) -> pl.DataFrame:
        o, sold, who = self.outlets, self.sold, self._of(t)
        who = who[sold.outlet[who] >= 0]
        who = who[np.lexsort((who, sold.first_used[who]))]
        outlet = sold.outlet[who]
        year, quarter = quarter_of(self.operator, t)
        areas = self.operator.places.area_ids
        return pl.DataFrame(
            {
                "subscriber_id": self.block.ids.gather(who),
                "batch_id": pl.Series(
                    [batch_id(year, quarter, i) for i in outlet], dtype=pl.String
                ),
                "outlet_id": self.outlet_ids.gather(outlet),
                "dealer_id": optional(
                    self.dealer_ids.gather(o.dealer[outlet].clip(0)), o.dealer[outlet] >= 0
                ),
                "sold_on": days(sold.opened[who] // DAY),
                "activated_at": moments(sold.first_used[who]),
                "selling_area_id": labels(areas, sold.selling_area[who]),
                "first_use_area_id": labels(areas, sold.first_use_area[who]),
                "preloaded_amt": self.first_recharge[who],
            }
        )

    def _commission(self, t: int) -> pl.DataFrame:
        """Openings of this block; what else the outlets earned comes with the first block."""
        operator, o, n = self.operator, self.outlets, len(self.outlets)
        who = self._of(t)
        who = who[self.sold.outlet[who] >= 0]
        fee = OPENING_FEE + BETTER_TARIFF_FEE * (self.block.behaviour.plan[who] >= 3)
        at = self.sold.outlet[who]
        parts: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []
        parts.append((0, np.bincount(at, minlength=n), np.bincount(at, fee, n), np.zeros(n)))
        if self.block.number == 0:
            made, fund = air_recharges(operator, t), fund_contributions(operator, t)
            times = np.bincount(made.outlet, weights=made.count, minlength=n)
            amount = np.bincount(made.outlet, weights=made.amount, minlength=n)
            parts.append((1, handled(operator, t), handled(operator, t) * HANDLING_FEE, fund[:, 0]))
            parts.append((2, times, (amount * RECHARGE_RATE).astype(np.int64), fund[:, 1]))
            contest = contest_results(operator, t)
            # a dealer's reward goes to the first of the shops that are open
            shops = np.flatnonzero((o.dealer >= 0) & (days_open(operator, o, t) > 0))
            dealers, first = np.unique(o.dealer[shops], return_index=True)
            shop_of = np.full(len(o.size), -1)
            shop_of[dealers] = shops[first]
            paid = shop_of[contest.dealer] >= 0
            cards, reward = np.zeros(n), np.zeros(n)
            cards[shop_of[contest.dealer[paid]]] = contest.actual[paid]
            reward[shop_of[contest.dealer[paid]]] = contest.reward[paid]
            parts.append((3, cards, reward, np.zeros(n)))
        outlet = np.tile(np.arange(n), len(parts))
        kind = np.repeat([p[0] for p in parts], n)
        count, amount, fund = (
            np.concatenate([p[k] for p in parts]).astype(np.int64) for k in (1, 2, 3)
        )
        earned = np.flatnonzero((amount > 0) & (o.dealer[outlet] >= 0))
        row = {"outlet": outlet, "kind": kind, "count": count, "amount": amount, "fund": fund}
        return self._settled(t, {name: values[earned] for name, values in row.items()})

    def _settled(self, t: int, row: Columns) -> pl.DataFrame:
        """The rows, with what was paid by the day of the extract and what is in dispute."""
        outlet, kind, amount, fund = (row[k] for k in ("outlet", "kind", "amount", "fund"))
        month, n = self.span[t], len(outlet)
        # dealer by dealer all is paid on one day, whichever block it comes with
        rng = self.operator.rng("commission", t)
        due = np.full(n, day_number(month.next.first) + 4)
        dealer = self.outlets.dealer[outlet]
        delay = rng.choice(6, len(self.outlets.size), p=[0.3, 0.3, 0.24, 0.06, 0.05, 0.05])[dealer]
        paid = delay < 5
        if self.block.number:
            rng = self.operator.rng("commission", t, self.block.number)
        paid_on = due - 2 + delay
        number = pl.Series(outlet + 1).cast(pl.String).str.zfill(6)
        letter = labels(["O", "H", "R", "C"], kind)
        disputed = rng.random(n) < np.where(kind == 0, 0.03, 0.008)
        share = rng.uniform(0.05, 0.6, n)
        notice = paid_on * DAY + rng.integers(17 * 3600, 20 * 3600, n)
        return pl.DataFrame(
            {
                "commission_id": f"CM{month.first:%Y%m}{self.block.number:03d}" + letter + number,
                "outlet_id": self.outlet_ids.gather(outlet),
                "dealer_id": self.dealer_ids.gather(dealer),
                "commission_type": labels(COMMISSION_TYPES, kind),
                "basis_cnt": row["count"],
                "accrued_amt": amount,
                "to_fund_amt": fund,
                "paid_amt": np.where(paid, amount - fund, 0),
                "due_on": days(due),
                "paid_on": optional(days(paid_on), paid),
                "notice_sent_at": optional(moments(notice), paid & (rng.random(n) < 0.93)),
                "is_disputed": disputed,
                "disputed_amt": optional(pl.Series((amount * share).astype(np.int64)), disputed),
            }
        )
