"""Feeds of campaigns with rows per subscriber: the lists, and what came of them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.contact.campaign_lists import ListOf, draw_lists, preferred_channel
from orchestration.sample.contact.campaigns import (
    CHANNELS,
    COST,
    DAY,
    DECLINES,
    HOTLINE,
    MANAGER,
    REACH,
    SEGMENTS,
    Campaign,
)
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import NO_MANAGER
from orchestration.sample.tables import days, labels, moments, numbered
from orchestration.sample.work.managers import draw_managers
from orchestration.sample.working_time import DAY as WORKDAY
from orchestration.sample.working_time import WorkingTime


class CampaignLists:
    """``campaign.target`` and ``campaign.contact`` of a block."""

    feeds: ClassVar[tuple[str, ...]] = (
        "campaign.target",
        "campaign.contact",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.block = operator, block
        self.lists = draw_lists(operator, block)
        self.preferred = preferred_channel(operator, block)
        self.diligence = draw_managers(operator).diligence
        self.time = WorkingTime(operator.span)

    def of_month(self, made: BlockMonth) -> Tables:
        running = [each for each in self.lists if each.campaign.t == made.t]
        yield (
            "campaign.target",
            pl.concat([_no_targets(), *(self._targets(each) for each in running)]),
        )
        steps = pl.concat([_no_steps(), *(self._contacts(each) for each in running)])
        steps = steps.sort("happened_at", "campaign_id", "subscriber_id", "step_type")
        stem = f"CT{self.operator.span[made.t].first:%Y%m}{self.block.number:03d}"
        yield (
            "campaign.contact",
            steps.select(numbered(stem, steps.height, 6).alias("contact_id"), pl.all()),
        )

    def truth(self) -> dict[str, Any]:
        return {}

    def _targets(self, each: ListOf) -> pl.DataFrame:
        lives, places, t = self.block.lives, self.operator.places, each.campaign.t
        count = len(each.who)
        product = pl.Series([each.campaign.what[3], None], dtype=pl.String)
        return pl.DataFrame(
            {
                "campaign_id": [each.campaign.id] * count,
                "subscriber_id": self.block.ids.gather(each.who),
                "list_version": each.version.astype(np.int64),
                "listed_on": days(each.day),
                "is_control": each.control,
                "segment_code": labels(SEGMENTS, each.segment),
                "matched_product_id": product.gather(each.control.astype(np.int64)),
                "matched_channel": labels(
                    [*CHANNELS, None], np.where(each.control, len(CHANNELS), each.matched)
                ),
                "area_id": labels(places.area_ids, lives.area[each.who, t]),
                "staff_id": self._managers(each.who, t),
            }
        )

    def _managers(self, who: np.ndarray, t: int) -> pl.Series:
        manager = self.block.lives.manager[who, t].astype(np.int64)
        none = len(self.operator.places.manager_ids)
        return labels(
            [*self.operator.places.manager_ids, None],
            np.where(manager == NO_MANAGER, none, manager),
        )

    def _common(self, campaign: Campaign, who: np.ndarray, channel: np.ndarray) -> pl.DataFrame:
        managers = self._managers(who, campaign.t)
        by_manager = pl.Series(channel == MANAGER)
        return pl.DataFrame(
            {
                "campaign_id": pl.Series([campaign.id] * len(who), dtype=pl.String),
                "subscriber_id": self.block.ids.gather(who),
                "channel_type": labels(CHANNELS, channel),
                "staff_id": pl.select(pl.when(by_manager).then(managers)).to_series(),
            }
        )

    def _contacts(self, each: ListOf) -> pl.DataFrame:
        """Dispatch, contact and answer of those not held back, all within the month."""
        campaign, t = each.campaign, each.campaign.t
        rng = self.operator.rng("campaign_contact", campaign.number, self.block.number)
        treated = ~each.control
        who, channel, day = each.who[treated], each.matched[treated], each.day[treated]
        count = len(who)
        sent = day * DAY + rng.integers(9 * 3600, 12 * 3600, count)
        manager = self.block.lives.manager[who, t].astype(np.int64)
        by_manager = channel == MANAGER
        zeal = np.where(by_manager, self.diligence[manager.clip(0)], 0.9)
        tried = rng.random(count) < zeal
        lag = 0.3 + rng.gamma(1.2, np.where(by_manager, 4.0 * (1.3 - zeal), 1.5))
        latest = self.time.month(self.operator.span[t])[-1]
        at = self.time.after(sent, lag * WORKDAY)
        at = np.where(at < latest * DAY, at, latest * DAY + rng.integers(13, 17, count) * 3600)
        reached = tried & (rng.random(count) < REACH[channel])
        refused = reached & (rng.random(count) < np.where(channel == HOTLINE, 0.08, 0.02))
        answers = np.flatnonzero(reached & ~refused)
        # as many accept as the campaign is worth; who does depends on the channel and the taste
        people = self.block.people
        taste = people.data if campaign.what[0] == "traffic" else people.vas
        liking = np.exp(0.5 * taste[who] + 0.7 * (channel == self.preferred[who]))
        order = rng.exponential(size=len(answers)) / liking[answers]
        yes = np.zeros(count, bool)
        yes[answers[np.argsort(order)[: round(campaign.orders * count)]]] = True
        fee = _monthly_fee(self.operator, campaign.what[3], people.worth[who])
        code = np.select([refused, reached], ["refused_contact", "reached"], "not_reached")
        gift = np.where(yes, np.minimum(fee, 5000) // 2, 0)
        common = self._common(campaign, who, channel)
        asked = _step(common, "dispatch", sent, np.full(count, "dispatched"), fee * 0)
        spoken = _step(common, "contact", at, code, COST[channel])
        told = _step(common, "response", at + 600, np.where(yes, "accepted", "declined"), gift)
        why = labels(DECLINES, rng.choice(4, size=count, p=[0.35, 0.4, 0.15, 0.1]))
        ordered = pl.Series(yes)
        told = told.with_columns(
            ordered.alias("is_accepted"),
            pl.when(ordered).then(pl.lit(campaign.what[3])).alias("product_id"),
            pl.Series(np.where(yes, fee, 0)).alias("order_amt"),
            pl.when(~ordered).then(why).alias("decline_reason"),
        )
        return pl.concat([asked, spoken.filter(pl.Series(tried)), told[answers]])


def _monthly_fee(operator: Operator, product: str, worth: np.ndarray) -> np.ndarray:
    """Hundredths of yuan a month: the list fee, or what a contract commits to."""
    row = next(p for p in operator.places.products if p["product_id"] == product)
    fee = int(row["list_fee_amt"].replace(".", ""))
    commit = np.clip(np.round(3.5 * np.exp(0.6 * worth)), 1, 40).astype(np.int64) * 1000
    return np.full(len(worth), fee) if fee else commit


def _step(
    common: pl.DataFrame, step: str, second: np.ndarray, result: np.ndarray, cost: np.ndarray
) -> pl.DataFrame:
    """Rows of one step, with nothing ordered."""
    count = common.height
    return common.with_columns(
        pl.lit(step).alias("step_type"),
        moments(second).alias("happened_at"),
        pl.Series("result_code", result.astype(object), dtype=pl.String),
        pl.Series("is_accepted", np.zeros(count, bool)),
        pl.lit(None, pl.String).alias("product_id"),
        pl.Series("order_amt", np.zeros(count, np.int64)),
        pl.Series("cost_amt", cost.astype(np.int64)),
        pl.lit(None, pl.String).alias("decline_reason"),
    ).select(pl.col(name).cast(kind) for name, kind in STEPS.items())


STEPS: dict[str, type[pl.DataType] | pl.DataType] = {
    "campaign_id": pl.String,
    "subscriber_id": pl.String,
    "step_type": pl.String,
    "happened_at": pl.Datetime("us"),
    "channel_type": pl.String,
    "staff_id": pl.String,
    "result_code": pl.String,
    "is_accepted": pl.Boolean,
    "product_id": pl.String,
    "order_amt": pl.Int64,
    "cost_amt": pl.Int64,
    "decline_reason": pl.String,
}
TARGETS: dict[str, type[pl.DataType] | pl.DataType] = {
    "campaign_id": pl.String,
    "subscriber_id": pl.String,
    "list_version": pl.Int64,
    "listed_on": pl.Date,
    "is_control": pl.Boolean,
    "segment_code": pl.String,
    "matched_product_id": pl.String,
    "matched_channel": pl.String,
    "area_id": pl.String,
    "staff_id": pl.String,
}


def _no_targets() -> pl.DataFrame:
    """A month's table has its columns even when nobody is on a list."""
    return pl.DataFrame(schema=TARGETS)


def _no_steps() -> pl.DataFrame:
    return pl.DataFrame(schema=STEPS)
