"""The nine feeds as tables, one per month, with the columns of their contracts.

Columns whose names end in ``_amt``, ``_min`` or ``_mb`` hold whole hundredths until the file is
written (see ``files``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from orchestration.sample.behaviour import Behaviour
from orchestration.sample.bindings import BINDING_TYPES, KINDS
from orchestration.sample.calendar import Month
from orchestration.sample.lives import (
    EVENT_REASONS,
    EVENT_TYPES,
    HANDOVER_FROM,
    HANDOVER_PERIOD,
    UNBORN,
    Lives,
)
from orchestration.sample.places import Places
from orchestration.sample.population import (
    BRANDS,
    CHANNELS,
    VIP_LEVELS,
    Population,
    day_number,
)

STATUSES = ["", "on_net", "suspended", "off_net", "ported_out"]
RECHARGE_CHANNELS = ["hall", "dealer", "online", "bank", "card"]


class Extracts:
    """Makes the tables of one sample; ``of_month`` must be called month by month."""

    def __init__(
        self, seed: int, people: Population, lives: Lives, span: list[Month], places: Places
    ) -> None:
        self.people, self.lives, self.span, self.places = people, lives, span, places
        self.behaviour = Behaviour(seed, people, lives, span)
        self.ids = pl.Series(people.subscriber_id)
        self.msisdn, self.names = pl.Series(people.msisdn), pl.Series(people.name)
        self.contracts = lives.bindings.table()
        # numbered in the order of signing, as a source system would
        order = np.lexsort((self.contracts["subscriber"], self.contracts["starts"]))
        self.contracts = {k: v[order] for k, v in self.contracts.items()}
        gathered = ("month", "who", "second", "type", "reason")
        empty = np.empty(0, np.int64)
        self.events = {k: np.concatenate([empty, *(e[k] for e in lives.events)]) for k in gathered}

    def of_month(self, t: int) -> Iterator[tuple[str, pl.DataFrame]]:
        """``(feed, table)`` of each feed for month ``t``."""
        here, usage, bill, recharges = self.behaviour.month(t)
        ids = self.ids.gather(here)
        yield "hr.org_unit", self._org_units()
        yield "hr.staff", self._staff(t)
        yield "crm.subscriber", self._subscribers(t)
        yield "boss.product", self._products()
        yield "crm.contract", self._contracts(t)
        yield "boss.subscriber_usage", pl.DataFrame({"subscriber_id": ids, **usage})
        yield "boss.subscriber_bill", pl.DataFrame({"subscriber_id": ids, **bill})
        yield "boss.recharge", self._recharges(t, recharges)
        yield "boss.status_event", self._status_events(t)

    def _org_units(self) -> pl.DataFrame:
        keep = ("org_unit_id", "parent_id", "level", "org_unit_name", "org_unit_name_en")
        units = self.places.units
        columns: dict[str, list[object]] = {k: [u[k] or None for u in units] for k in keep}
        return pl.DataFrame({**columns, "sort_no": [int(u["sort_no"]) for u in units]})

    def _staff(self, t: int) -> pl.DataFrame:
        staff = self.places.staff
        left = self.places.manager_ids[HANDOVER_FROM]
        gone = self.span[t].period >= HANDOVER_PERIOD
        return pl.DataFrame(
            {
                "staff_id": [p.staff_id for p in staff],
                "staff_name": [p.name for p in staff],
                "staff_name_en": [p.name_en for p in staff],
                "post": [p.post for p in staff],
                "org_unit_id": [p.org_unit_id for p in staff],
                "hired_on": pl.Series([p.hired_on for p in staff]).str.to_date(),
                "is_active": [not (gone and p.staff_id == left) for p in staff],
            }
        )

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

    def _products(self) -> pl.DataFrame:
        rows = self.places.products
        text = ("product_id", "product_name", "product_name_en", "product_family")
        return pl.DataFrame(
            {
                **{k: [r[k] for r in rows] for k in text},
                "is_new_business": [r["is_new_business"] == "true" for r in rows],
                "list_fee_amt": [int(r["list_fee_amt"].replace(".", "")) for r in rows],
            }
        )

    def _contracts(self, t: int) -> pl.DataFrame:
        table, last = self.contracts, day_number(self.span[t].last)
        signed = np.flatnonzero(table["starts"] <= last)
        row = {k: v[signed] for k, v in table.items()}
        state = np.where(row["broken_in"] <= t, 2, np.where(row["ends"] < last, 1, 0))
        return pl.DataFrame(
            {
                "contract_id": pl.Series([f"K{i + 1:07d}" for i in signed], dtype=pl.String),
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
        stem = f"R{self.span[t].first:%Y%m}"
        return pl.DataFrame(
            {
                "recharge_id": pl.Series(
                    [f"{stem}{i:07d}" for i in range(1, len(made["who"]) + 1)], dtype=pl.String
                ),
                "subscriber_id": self.ids.gather(made["who"]),
                "recharged_at": moments(made["second"]),
                "recharge_amt": made["recharge_amt"],
                "recharge_channel": labels(RECHARGE_CHANNELS, made["channel"]),
            }
        )

    def _status_events(self, t: int) -> pl.DataFrame:
        pick = np.flatnonzero(self.events["month"] == t)
        pick = pick[np.lexsort((self.events["who"][pick], self.events["second"][pick]))]
        stem = f"E{self.span[t].first:%Y%m}"
        return pl.DataFrame(
            {
                "event_id": pl.Series(
                    [f"{stem}{i:06d}" for i in range(1, len(pick) + 1)], dtype=pl.String
                ),
                "subscriber_id": self.ids.gather(self.events["who"][pick]),
                "event_at": moments(self.events["second"][pick]),
                "event_type": labels(EVENT_TYPES, self.events["type"][pick]),
                "event_reason": labels(EVENT_REASONS, self.events["reason"][pick]),
            }
        )


def labels(names: list[str] | list[str | None], codes: np.ndarray) -> pl.Series:
    """``names[code]`` for each code."""
    return pl.Series(names, dtype=pl.String).gather(codes)


def days(numbers: np.ndarray) -> pl.Series:
    """Dates from days since 1970-01-01."""
    return pl.Series(numbers.astype(np.int32)).cast(pl.Date)


def moments(seconds: np.ndarray) -> pl.Series:
    """Local times from seconds since 1970-01-01 00:00 local time."""
    return pl.Series(seconds.astype(np.int64) * 1_000_000).cast(pl.Datetime("us"))
