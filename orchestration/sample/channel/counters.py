"""What is done at counters, terminals and electronic channels, and how halls are run."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.channel.clerks import (
    CLERKS,
    TERMINALS,
    clerk_ids,
    terminal_ids,
    terminals_of,
)
from orchestration.sample.channel.counter_work import (
    AMOUNTS,
    ENQUIRY,
    MINUTES,
    PAYMENT,
    TYPES,
    Done,
    Some,
    Summed,
    business_days,
    done_at_halls,
    done_at_shops,
    outlets_at_once,
)
from orchestration.sample.channel.dealer_business import days_open
from orchestration.sample.channel.lists import STANDARD_STAFF, hall_grades
from orchestration.sample.channel.outlets import EXCLUSIVE, Outlets, draw_outlets, outlet_id
from orchestration.sample.operator import Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, moments
from orchestration.sample.working_time import optional

DEVICE_TYPES = ["payment_machine", "print_station", "pc"]
#: type of the first, second … terminal of a hall
TERMINAL_TYPE = np.array([0, 1, 2, 0, 2, 0])
#: electronic channels: transactions a month for each subscriber, their growth a month, share that
#: succeeds, and what is done (same order as ``TYPES``)
E_CHANNELS = {
    "hotline_10086": (0.25, 1.0, 0.93, [0, 0, 0, 0, 0.2, 0.1, 0.7]),
    "web": (0.1, 1.012, 0.97, [0.01, 0, 0.02, 0.4, 0.2, 0.02, 0.35]),
    "sms": (0.22, 0.995, 0.86, [0, 0, 0, 0, 0.3, 0.1, 0.6]),
    "wap": (0.06, 0.97, 0.94, [0, 0, 0, 0.1, 0.25, 0.05, 0.6]),
    "app": (0.15, 1.03, 0.975, [0.008, 0, 0.01, 0.45, 0.18, 0.06, 0.292]),
}
#: items of an inspection with their most points, and the process area each belongs to
ITEMS = {
    "environment": (15, "hall_management"),
    "appearance": (10, "basic_service"),
    "courtesy": (15, "basic_service"),
    "skill": (20, "business_standard"),
    "queueing": (15, "hall_management"),
    "complaint_desk": (10, "complaints"),
    "service_promise": (10, "business_standard"),
    "vip_counter": (5, "key_customers"),
}
FINDINGS = ["untidy", "untidy", "no_greeting", "unsure_of_product", "long_wait", "long_wait"]
FINDINGS += ["not_displayed", "long_wait"]
INSPECTED = (0, 1, 2, EXCLUSIVE)
DAY = 86_400


class Counters:
    """Feeds of counters, terminals, electronic channels, and of how halls are run."""

    feeds: ClassVar[tuple[str, ...]] = (
        "channel.transaction",
        "channel.hall_month",
        "echannel.device_status",
        "echannel.activity",
        "survey.inspection_item",
    )

    def __init__(self, operator: Operator) -> None:
        self.operator, self.span = operator, operator.span
        self.outlets = o = draw_outlets(operator)
        self.outlet_ids = pl.Series([outlet_id(i) for i in range(len(o))])
        rng = operator.rng("counters")
        self.rent = o.weight[: o.halls] * o.halls * 15_000_00 * rng.uniform(0.7, 1.4, o.halls)
        self.manners = np.where(o.poor, 0.68, 0.9) + 0.03 * rng.standard_normal(len(o))
        self.bound_share = rng.uniform(0.3, 0.65, o.halls)

    def of_month(self, t: int) -> Tables:
        month, (outlet, _) = self.span[t], terminals_of(self.outlets)
        halls, cells = self.outlets.halls, len(outlet) * len(business_days(month))
        first = np.searchsorted(outlet, np.arange(halls))
        summed = Summed(
            np.zeros(halls, np.int64),
            np.zeros(halls, np.int64),
            np.zeros(cells, np.int64),
            np.zeros(cells),
            {kind: np.zeros(month.days, np.int64) for kind in (PAYMENT, ENQUIRY)},
        )
        for some in outlets_at_once(self.operator):
            done = done_at_halls(self.operator, t, some)
            summed.add(done, month, first)
            yield "channel.transaction", self._transactions(t, some, done)
        yield "channel.hall_month", self._halls(t, summed)
        yield "echannel.device_status", self._devices(t, summed)
        yield "echannel.activity", self._activity(t, summed)
        yield "survey.inspection_item", self._inspections(t)

    def truth(self) -> dict[str, Any]:
        return {}

    def _transactions(self, t: int, some: Some, halls: Done) -> pl.DataFrame:
        """Transactions summed up by outlet, day, person and kind."""
        parts = (halls, done_at_shops(self.operator, t, some))
        rng = self.operator.rng("counter", t, some.number)
        outlet, day, kind, terminal, clerk, amount = (
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("outlet", "day", "kind", "terminal", "clerk", "amount")
        )
        n = len(outlet)
        slow = np.where(self.outlets.poor[outlet], 1.5, 1.0) * rng.gamma(6, 1 / 6, n)
        staff = pl.select(
            pl.when(pl.Series(terminal > 0))
            .then(terminal_ids(outlet, terminal))
            .otherwise(clerk_ids(outlet, clerk, self.outlets))
        ).to_series()
        single = pl.DataFrame(
            {
                "outlet": outlet,
                "business_date": days(day),
                "staff_id": staff,
                "kind": kind,
                "terminal": terminal > 0,
                "amount": amount,
                "minutes": (MINUTES[kind] * slow * 100).astype(np.int64),
            }
        )
        keys = ["outlet", "business_date", "staff_id", "kind"]
        made = single.group_by(keys).agg(
            pl.col("terminal").first(),
            pl.len().alias("transaction_cnt"),
            pl.col("amount", "minutes").sum(),
        )
        made = made.sort(keys)
        by_terminal = made["terminal"].to_numpy()
        return pl.DataFrame(
            {
                "outlet_id": self.outlet_ids.gather(made["outlet"]),
                "business_date": made["business_date"],
                "staff_id": made["staff_id"],
                "transaction_type": labels(TYPES, made["kind"].to_numpy()),
                "handling": labels(["counter", "self_service"], by_terminal.astype(int)),
                "transaction_cnt": made["transaction_cnt"],
                "transaction_amt": made["amount"],
                "handling_min": optional(made["minutes"], ~by_terminal),
            }
        )

    def _halls(self, t: int, summed: Summed) -> pl.DataFrame:
        o, month, rng = self.outlets, self.span[t], self.operator.rng("hall_month", t)
        n, kind = o.halls, o.kind[: o.halls]
        roster = (CLERKS[kind] + rng.integers(-1, 2, n)).clip(1)
        visits, sales = summed.visits, summed.handsets
        visitors = visits + rng.poisson(0.8 * visits + 5)
        tickets = rng.binomial(visitors, 0.55)
        wait = np.where(o.poor[:n], 21, 8) * (1 + 0.5 * month.festival) * rng.uniform(0.8, 1.2, n)
        return pl.DataFrame(
            {
                "outlet_id": self.outlet_ids.head(n),
                "roster_staff_cnt": roster,
                "on_duty_staff_cnt": (roster * rng.uniform(0.66, 0.8, n)).round(2),
                "standard_staff_cnt": STANDARD_STAFF[
                    hall_grades(self.operator, o, month.first.year)
                ],
                "open_days": np.full(n, len(business_days(month))),
                "visitor_cnt": visitors,
                "queue_ticket_cnt": tickets,
                "queue_wait_min": (tickets * wait * 100).astype(np.int64),
                "device_cnt": TERMINALS[kind],
                "handset_sales_cnt": sales,
                "bound_handset_cnt": rng.binomial(sales, self.bound_share),
                "handset_sales_amt": (sales * rng.uniform(900, 2100, n)).astype(np.int64) * 100,
                "staff_cost_amt": (roster * rng.uniform(4800, 5600, n)).astype(np.int64) * 100,
                "rent_amt": self.rent.astype(np.int64),
                "other_cost_amt": (roster * rng.uniform(900, 1500, n)).astype(np.int64) * 100,
                "complaint_cnt": rng.poisson(np.where(o.poor[:n], 4.0, 0.6) + visits / 4000),
            }
        )

    def _devices(self, t: int, summed: Summed) -> pl.DataFrame:
        o, opened = self.outlets, business_days(self.span[t])
        rng = self.operator.rng("device_status", t)
        outlet, number = terminals_of(o)
        device = np.repeat(np.arange(len(outlet)), len(opened))
        day = np.tile(opened, len(outlet))
        count, taken = summed.used, summed.taken
        n = len(device)
        planned = np.full(n, 9 * 60 * 100)
        frail = np.where(self.operator.rng("devices").random(len(outlet)) < 0.08, 0.2, 0.02)
        faults = rng.poisson(frail[device])
        lost = (planned * np.minimum(faults * rng.uniform(0.05, 0.5, n), 0.9)).astype(np.int64)
        busy = np.minimum((count * rng.uniform(200, 500, n)).astype(np.int64), planned - lost)
        return pl.DataFrame(
            {
                "device_id": terminal_ids(outlet[device], number[device]),
                "business_date": days(day),
                "outlet_id": self.outlet_ids.gather(outlet[device]),
                "device_type": labels(DEVICE_TYPES, TERMINAL_TYPE[number[device] - 1]),
                "planned_min": planned,
                "up_min": planned - lost,
                "busy_min": busy,
                "transaction_cnt": count,
                "payment_amt": taken.astype(np.int64),
                "fault_cnt": faults,
            }
        )

    def _activity(self, t: int, summed: Summed) -> pl.DataFrame:
        month, rng = self.span[t], self.operator.rng("echannel", t)
        first = day_number(month.first)
        every = np.arange(first, first + month.days)
        names = [*E_CHANNELS, "self_service"]
        rows = []
        for c, (rate, growth, works, mix) in enumerate(E_CHANNELS.values()):
            daily = rate * growth**t * self.operator.scale.subscribers / month.days
            for what, share in enumerate(mix):
                if share:
                    count = rng.poisson(daily * share * (1 + 0.3 * month.festival), len(every))
                    rows.append((c, what, every, count, rng.binomial(count, works)))
        for what, count in summed.self_service.items():
            rows.append((len(E_CHANNELS), what, every, count, rng.binomial(count, 0.985)))
        width = [len(every)] * len(rows)
        channel, kind = (np.repeat([r[i] for r in rows], width) for i in (0, 1))
        day, count, success = (np.concatenate([r[i] for r in rows]) for i in (2, 3, 4))
        some = np.flatnonzero(count > 0)
        channel, kind, day = channel[some], kind[some], day[some]
        count, success = count[some], success[some]
        money = success * AMOUNTS[kind] * rng.uniform(0.8, 1.2, len(some))
        of_groups = np.array([0.02, 0.04, 0.0, 0.0, 0.01, 0.0])[channel]
        return pl.DataFrame(
            {
                "business_date": days(day),
                "channel": labels(names, channel),
                "transaction_type": labels(TYPES, kind),
                "transaction_cnt": count,
                "success_cnt": success,
                "user_cnt": 1 + rng.binomial(count - 1, 0.85),
                "group_transaction_cnt": rng.binomial(count, of_groups),
                "transaction_amt": money.astype(np.int64) * 100,
            }
        )

    def _inspections(self, t: int) -> pl.DataFrame:
        o, month, rng = self.outlets, self.span[t], self.operator.rng("inspection", t)
        open_all = days_open(self.operator, o, t) == 1
        seen = np.flatnonzero(np.isin(o.kind, INSPECTED) & open_all)
        k, most = len(ITEMS), np.array([v[0] for v in ITEMS.values()])
        outlet, item = np.repeat(seen, k), np.tile(np.arange(k), len(seen))
        share = (self.manners[outlet] + 0.09 * rng.standard_normal(len(outlet))).clip(0.2, 1)
        score = np.floor(most[item] * share * 2 + 0.5) / 2
        opened = business_days(month)
        at = rng.choice(opened, len(seen)) * DAY + rng.integers(9 * 3600, 17 * 3600, len(seen))
        number = pl.Series(outlet + 1).cast(pl.String).str.zfill(6)
        by_us = rng.random(len(seen)) < 0.1
        areas = [v[1] for v in ITEMS.values()]
        return pl.DataFrame(
            {
                "outlet_id": self.outlet_ids.gather(outlet),
                "inspection_id": f"IN{month.first:%Y%m}" + number,
                "item": labels(list(ITEMS), item),
                "process_area": labels(areas, item),
                "inspected_at": moments(np.repeat(at, k)),
                "max_score": most[item].astype(np.float64),
                "score": score,
                "inspector": labels(["third_party", "company"], np.repeat(by_us, k).astype(int)),
                "finding": optional(labels(FINDINGS, item), score < 0.75 * most[item]),
            }
        )


def hall_of(outlets: Outlets, area: np.ndarray, draw: np.ndarray, county: np.ndarray) -> np.ndarray:
    """A hall for each (area, draw 0..1): by size, of the area, else of the county, else any."""
    weight = outlets.weight[: outlets.halls]
    found = np.zeros(len(area), np.int64)
    for one in np.unique(area):
        here = area == one
        at = outlets.area[: outlets.halls]
        for near in (at == one, county[at] == county[one], at >= 0):
            if near.any():
                total = np.cumsum(weight * near)
                place = np.searchsorted(total, draw[here] * total[-1], side="right")
                found[here] = place.clip(0, len(weight) - 1)
                break
    return found
