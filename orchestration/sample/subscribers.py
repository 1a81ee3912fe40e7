"""Feeds with a row per subscriber: profiles, contracts, usage, bills, recharges, status events."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.bindings import BINDING_TYPES, KINDS
from orchestration.sample.calendar import Month
from orchestration.sample.lives import (
    ARREARS,
    EVENT_REASONS,
    EVENT_TYPES,
    LEAVE,
    UNBORN,
)
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import BRANDS, CHANNELS, VIP_LEVELS, day_number
from orchestration.sample.tables import days, labels, moments, numbered, numbers

STATUSES = ["", "on_net", "suspended", "off_net", "ported_out"]
RECHARGE_CHANNELS = ["hall", "dealer", "online", "bank", "card"]


class Subscribers:
    """What the billing system and the customer file know of a block of subscribers."""

    feeds: ClassVar[tuple[str, ...]] = (
        "crm.subscriber",
        "crm.contract",
        "boss.subscriber_usage",
        "boss.subscriber_bill",
        "boss.recharge",
        "boss.status_event",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.span, self.places = operator.span, operator.places
        self.people, self.lives, self.ids = block.people, block.lives, block.ids
        self.tag = block.tag
        self.msisdn, self.names = pl.Series(self.people.msisdn), pl.Series(self.people.name)
        self.contracts = self.lives.bindings.table()
        # numbered in the order of signing, as a source system would
        order = np.lexsort((self.contracts["subscriber"], self.contracts["starts"]))
        self.contracts = {k: v[order] for k, v in self.contracts.items()}
        gathered = ("month", "who", "second", "type", "reason")
        empty = np.empty(0, np.int64)
        self.events = {
            k: np.concatenate([empty, *(e[k] for e in self.lives.events)]) for k in gathered
        }

    def of_month(self, made: BlockMonth) -> Tables:
        ids, t = self.ids.gather(made.here), made.t
        yield "crm.subscriber", self._subscribers(t)
        yield "crm.contract", self._contracts(t)
        yield "boss.subscriber_usage", pl.DataFrame({"subscriber_id": ids, **made.usage})
        yield "boss.subscriber_bill", pl.DataFrame({"subscriber_id": ids, **made.bill})
        yield "boss.recharge", self._recharges(t, made.recharges)
        yield "boss.status_event", self._status_events(t)

    def _subscribers(self, t: int) -> pl.DataFrame:
        lives, people = self.lives, self.people
        known = np.flatnonzero(lives.status[:, t] != UNBORN)
        birth = people.birth_year[known]
        return pl.DataFrame(
            {
                "subscriber_id": self.ids.gather(known),
                "msisdn": self.msisdn.gather(known),
                "customer_name": self.names.gather(known),
                "birth_year": pl.Series(birth).replace(0, None),
                "brand": labels(BRANDS, people.brand[known]),
                "vip_level": labels(VIP_LEVELS, people.vip[known]),
                "opened_on": days(people.opened[known]),
                "area_id": labels(self.places.area_ids, lives.area[known, t]),
                "account_manager_id": labels(
                    [*self.places.manager_ids, None],
                    np.where(
                        lives.manager[known, t] < 0,
                        len(self.places.manager_ids),
                        lives.manager[known, t],
                    ),
                ),
                "acquisition_channel": labels(CHANNELS, people.channel[known]),
                "status": labels(STATUSES, lives.status[known, t]),
                "status_since": days(lives.status_since[known, t]),
            }
        )

    def _contracts(self, t: int) -> pl.DataFrame:
        table, last = self.contracts, day_number(self.span[t].last)
        signed = np.flatnonzero(table["starts"] <= last)
        row = {k: v[signed] for k, v in table.items()}
        state = np.where(row["broken_in"] <= t, 2, np.where(row["ends"] < last, 1, 0))
        return pl.DataFrame(
            {
                "contract_id": numbers(f"K{self.tag}", signed + 1, 7),
                "subscriber_id": self.ids.gather(row["subscriber"]),
                "product_id": labels([k[0] for k in KINDS], row["kind"]),
                "binding_type": labels([BINDING_TYPES[k[1]] for k in KINDS], row["kind"]),
                "starts_on": days(row["starts"]),
                "ends_on": days(row["ends"]),
                # a prepaid fee is paid in advance; a handset is paid for month by month
                "deposit_amt": row["commit"] * np.array([0, 0, 6, 10])[row["kind"]],
                "monthly_commit_amt": row["commit"],
                "contract_status": labels(["active", "ended", "broken"], state),
            }
        )

    def _recharges(self, t: int, made: dict[str, np.ndarray]) -> pl.DataFrame:
        stem = f"R{self.span[t].first:%Y%m}{self.tag}"
        return pl.DataFrame(
            {
                "recharge_id": numbered(stem, len(made["who"]), 7),
                "subscriber_id": self.ids.gather(made["who"]),
                "recharged_at": moments(made["second"]),
                "recharge_amt": made["recharge_amt"],
                "recharge_channel": labels(RECHARGE_CHANNELS, made["channel"]),
            }
        )

    def _status_events(self, t: int) -> pl.DataFrame:
        pick = np.flatnonzero(self.events["month"] == t)
        pick = pick[np.lexsort((self.events["who"][pick], self.events["second"][pick]))]
        stem = f"E{self.span[t].first:%Y%m}{self.tag}"
        return pl.DataFrame(
            {
                "event_id": numbered(stem, len(pick), 6),
                "subscriber_id": self.ids.gather(self.events["who"][pick]),
                "event_at": moments(self.events["second"][pick]),
                "event_type": labels(EVENT_TYPES, self.events["type"][pick]),
                "event_reason": labels(EVENT_REASONS, self.events["reason"][pick]),
            }
        )

    def truth(self) -> dict[str, Any]:
        """Who leaves and why, who loses value; later months are decisions not yet carried out."""
        ids = self.people.subscriber_id
        empty = np.empty(0, np.int64)
        plan = {
            k: np.concatenate([empty, *(p[k].astype(np.int64) for p in self.lives.plans)])
            for k in ("who", "month", "kind", "fades", "forwards")
        }
        order = np.lexsort((plan["who"], plan["month"]))
        churners = [
            {
                "subscriber_id": ids[plan["who"][i]],
                "leaves_in": _period(self.span, int(plan["month"][i])),
                "reason": EVENT_REASONS[plan["kind"][i]],
                "fades": bool(plan["fades"][i]),
                "forwards_calls": bool(plan["forwards"][i]),
            }
            for i in order
        ]
        event = self.events
        cut_off = (event["type"] == LEAVE) & (event["reason"] == ARREARS)
        churners += [
            {
                "subscriber_id": ids[event["who"][i]],
                "leaves_in": self.span[event["month"][i]].period,
                "reason": EVENT_REASONS[ARREARS],
                "fades": False,
                "forwards_calls": False,
            }
            for i in np.flatnonzero(cut_off)
        ]
        loss = self.lives.value_loss
        value_loss = [
            {
                "subscriber_id": ids[who],
                "from": self.span[int(start)].period,
                "share_lost": round(float(share), 4),
            }
            for who, start, share in zip(loss["who"], loss["start"], loss["share"], strict=True)
            if int(start) < len(self.span)
        ]
        return {"churners": churners, "value_loss": value_loss}


def _period(span: list[Month], t: int) -> str:
    month = span[min(t, len(span) - 1)]
    for _ in range(t - len(span) + 1):
        month = month.next
    return month.period
