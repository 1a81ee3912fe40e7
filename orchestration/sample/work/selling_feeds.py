"""Feeds of selling to groups: opportunities, their steps, orders and trials, as at month end."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.operator import Tables
from orchestration.sample.tables import days, labels, moments, numbers
from orchestration.sample.work.managers import AUTHORITY
from orchestration.sample.work.scene import Scene
from orchestration.sample.work.selling import (
    EOMS,
    INSTANT,
    LOST_REASONS,
    ORDER_TYPES,
    PARTNER,
    PATHS,
    PRE_SALES,
    PROMISE,
    SOURCES,
    Opportunities,
    Orders,
    group_products,
    opportunity_ids,
    order_ids,
)
from orchestration.sample.work.visits import NEEDS, NONE, visit_ids
from orchestration.sample.work.work_orders import OPENING, WorkOrders
from orchestration.sample.working_time import (
    HOUR,
    NEVER,
    days_by,
    moments_by,
    optional,
    window,
)

STAGES = ["pre_sales", "in_sales", "after_sales"]
IN_SALES = ["work_order", "data_making", "test_and_open", "trial", "commercial_use"]
AFTER_SALES = ["follow_up", "relationship", "complaint", "change", "maintenance"]
STEPS = [*PRE_SALES, *IN_SALES, *AFTER_SALES]
STEP_NO = np.array([*range(1, 7), *range(1, 6), *range(1, 6)])
STAGE = np.repeat([0, 1, 2], [6, 5, 5])
#: share of sales for which each step after the sale is taken, and days until it begins and it takes
AFTER = [(0.9, 10, 1), (0.8, 25, 3), (0.12, 30, 4), (0.12, 45, 5), (0.6, 40, 3)]
#: how far the way from work order to opening is when each of the first three steps ends
UNTIL = (0.15, 0.7, 1.0)


class SellingFeeds:
    """What the customer system knows of selling."""

    feeds: ClassVar[tuple[str, ...]] = (
        "crm.opportunity",
        "crm.opportunity_step",
        "crm.sales_order",
        "crm.product_trial",
    )

    def __init__(self, scene: Scene, sold: Opportunities, orders: Orders, work: WorkOrders) -> None:
        self.operator, self.groups, self.managers = scene.operator, scene.groups, scene.managers
        self.sold, self.orders, self.time = sold, orders, scene.time
        self.products = group_products(self.operator).ids
        rng = self.operator.rng("selling_feeds")
        self.order_of = np.full(len(sold), NONE)
        with_one = np.flatnonzero(orders.opportunity != NONE)
        self.order_of[orders.opportunity[with_one]] = with_one
        self.opened, self.ended = self._openings(rng, work)
        self.steps = self._steps(rng)
        self.over = self.ended[self.order_of]
        self.over = np.where(self.order_of == NONE, sold.closed, np.maximum(self.over, sold.closed))
        np.maximum.at(self.over, self.steps["opportunity"], self.steps["end"])
        # an order is told of while its steps are under way
        chained = self.steps["step"] >= len(PRE_SALES)
        order = self.order_of[self.steps["opportunity"][chained]]
        np.maximum.at(self.ended, order, self.steps["end"][chained])
        self.trials = self._trials()

    def _openings(
        self, rng: np.random.Generator, work: WorkOrders
    ) -> tuple[np.ndarray, np.ndarray]:
        """When each order's service was opened, and when the last of its work orders was done."""
        orders = self.orders
        opened = np.where(
            orders.path == INSTANT, orders.accepted + rng.integers(60, 1800, len(orders)), NEVER
        )
        ended = np.where(orders.path == INSTANT, opened, 0)
        last = np.flatnonzero((work.kind == OPENING) & (work.sales != NONE))
        opened[work.sales[last]] = np.where(
            work.opened[last] < NEVER, work.opened[last], work.archived[last]
        )
        ended[work.sales[last]] = np.maximum(work.archived[last], opened[work.sales[last]])
        withdrawn = orders.cancelled < NEVER
        opened[withdrawn] = NEVER
        ended[withdrawn] = orders.cancelled[withdrawn]
        return opened, ended

    def _steps(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """All steps of all opportunities; ``step`` is a place in STEPS."""
        sold, orders, time = self.sold, self.orders, self.time
        who, step = np.nonzero(np.arange(6) <= sold.dropped[:, None])
        parts = [
            (who, step, sold.starts[who, step], sold.ends[who, step], sold.dropped[who] > step)
        ]
        won = np.flatnonzero((self.order_of != NONE) & (self.opened[self.order_of] < NEVER))
        order, n = self.order_of[won], len(won)
        begin, finish = time.offset(orders.accepted[order]), time.offset(self.opened[order])
        # in business seconds; a service opened at once takes no time
        length, start = np.maximum(finish - begin, 0), begin
        for place, share in enumerate(UNTIL):
            end = begin + (length * share).astype(np.int64)
            parts.append((won, np.full(n, 6 + place), *self._times(start, end), np.full(n, True)))
            start = end
        for place, hours in ((3, 20.0), (4, 3.0)):
            end = start + (np.exp(0.5 * rng.standard_normal(n)) * hours * HOUR).astype(np.int64)
            parts.append((won, np.full(n, 6 + place), *self._times(start, end), np.full(n, True)))
            start = end
        care = self.managers.diligence[sold.manager[won]]
        for place, (share, wait, takes) in enumerate(AFTER):
            does = np.flatnonzero(rng.random(n) < share * (0.4 + 0.7 * care))
            gap = rng.exponential(1.0, len(does)) * wait * (1.6 - care[does]) * 9 * HOUR
            first = start[does] + gap.astype(np.int64)
            last = first + (rng.exponential(1.0, len(does)) * takes * 9 * HOUR).astype(np.int64)
            parts.append(
                (won[does], np.full(len(does), 11 + place), *self._times(first, last),
                 np.full(len(does), True))
            )  # fmt: skip
        names = ("opportunity", "step", "start", "end", "passed")
        return {k: np.concatenate([p[i] for p in parts]) for i, k in enumerate(names)}

    def _times(self, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.time.clock(start), self.time.clock(end)

    def _trials(self) -> dict[str, np.ndarray]:
        """Trials begin with the proposal and end with the order, or when it comes to nothing."""
        sold = self.sold
        at = np.flatnonzero(sold.trial)
        order = self.order_of[at]
        lost = sold.dropped[at] < len(PRE_SALES)
        won = np.where(order == NONE, NEVER, self.orders.accepted[order])
        start = sold.starts[at, 3]
        end = np.where(lost, sold.closed[at], won)
        sort = np.argsort(start, kind="stable")
        made = {"opportunity": at, "order": order, "start": start, "end": end, "lost": lost}
        return {k: v[sort] for k, v in made.items()}

    def of_month(self, t: int) -> Tables:
        start, end = window(self.operator.span[t])
        yield "crm.opportunity", self._opportunities(start, end)
        yield "crm.opportunity_step", self._step_feed(start, end)
        yield "crm.sales_order", self._order_feed(start, end)
        yield "crm.product_trial", self._trial_feed(start, end)

    def truth(self) -> dict[str, Any]:
        """``over_limit_orders``: the manager approved a discount beyond the authority."""
        orders = self.orders
        limit = AUTHORITY[self.managers.grade[orders.manager]]
        over = np.flatnonzero(orders.self_approved & (orders.discount > limit))
        return {"over_limit_orders": order_ids(over).to_list()}

    def _opportunities(self, start: int, end: int) -> pl.DataFrame:
        s = self.sold
        at = np.flatnonzero((s.found < end) & (self.over >= start))
        closed = s.closed[at] < end
        won = s.dropped[at] == len(PRE_SALES)
        visit = s.visit[at]
        return pl.DataFrame(
            {
                "opportunity_id": opportunity_ids(at),
                "group_id": labels(self.groups.ids, s.group[at]),
                "staff_id": labels(self.managers.ids, s.manager[at]),
                "product_id": labels(self.products, s.product[at]),
                "source_channel": labels(SOURCES, s.source[at]),
                "visit_id": optional(visit_ids(visit), visit != NONE),
                "need_type": labels(NEEDS, s.need[at]),
                "expected_amt": s.lines[at] * self._fee()[s.product[at]],
                "lines_cnt": s.lines[at],
                "rival": _code(["op_b", "op_c"], s.rival[at]),
                "found_at": moments(s.found[at]),
                "confirmed_at": optional(moments_by(s.ends[at, 1], end), s.dropped[at] > 1),
                "closed_at": moments_by(s.closed[at], end),
                "state": labels(["open", "lost", "won"], np.where(closed, 1 + won, 0)),
                "lost_reason": optional(_code(LOST_REASONS, s.reason[at]), closed & ~won),
            }
        )

    def _step_feed(self, start: int, end: int) -> pl.DataFrame:
        s = self.steps
        at = np.flatnonzero((s["start"] < end) & (s["end"] >= start))
        at = at[np.lexsort((s["step"][at], s["opportunity"][at]))]
        of, step = s["opportunity"][at], s["step"][at]
        order = self.order_of[of]
        result = np.where(s["end"][at] >= end, 0, np.where(s["passed"][at], 1, 2))
        return pl.DataFrame(
            {
                "opportunity_id": opportunity_ids(of),
                "stage": labels(STAGES, STAGE[step]),
                "step": labels(STEPS, step),
                "step_no": STEP_NO[step],
                "staff_id": labels(self.managers.ids, self.sold.manager[of]),
                "order_id": optional(order_ids(order), step >= len(PRE_SALES)),
                "started_at": moments(s["start"][at]),
                "ended_at": moments_by(s["end"][at], end),
                "result": labels(["under_way", "passed", "dropped"], result),
            }
        )

    def _order_feed(self, start: int, end: int) -> pl.DataFrame:
        o = self.orders
        at = np.flatnonzero((o.accepted < end) & (self.ended >= start))
        manager, of = o.manager[at], o.opportunity[at]
        heads = np.array(self.managers.supervisor, dtype=object)
        own = np.array(self.managers.ids, dtype=object)
        approver = np.where(o.self_approved[at], own[manager], heads[manager])
        path = o.path[at]
        state = np.select([o.cancelled[at] < end, self.opened[at] < end], [2, 1], 0)
        return pl.DataFrame(
            {
                "order_id": order_ids(at),
                "group_id": labels(self.groups.ids, o.group[at]),
                "product_id": labels(self.products, o.product[at]),
                "staff_id": labels(self.managers.ids, manager),
                "opportunity_id": optional(opportunity_ids(of), of != NONE),
                "order_type": labels(ORDER_TYPES, o.kind[at]),
                "fulfilment_path": labels(PATHS, path),
                "lines_cnt": o.lines[at],
                "list_amt": o.list_amt[at],
                "discount_amt": o.discount[at],
                "approver_staff_id": optional(
                    pl.Series(approver.tolist(), dtype=pl.String), o.discount[at] > 0
                ),
                "accepted_at": moments(o.accepted[at]),
                "promised_on": days(o.accepted[at] // 86400 + PROMISE[path]),
                "sync_failed_cnt": np.where(np.isin(path, [EOMS, PARTNER]), o.sync_failed[at], 0),
                "opened_at": moments_by(self.opened[at], end),
                "cancelled_at": moments_by(o.cancelled[at], end),
                "state": labels(["in_progress", "opened", "cancelled"], state),
            }
        )

    def _trial_feed(self, start: int, end: int) -> pl.DataFrame:
        r, s = self.trials, self.sold
        at = np.flatnonzero((r["start"] < end) & (r["end"] >= start))
        of, over = r["opportunity"][at], r["end"][at] < end
        lost = r["lost"][at]
        return pl.DataFrame(
            {
                "trial_id": numbers("TR", at + 1, 6),
                "group_id": labels(self.groups.ids, s.group[of]),
                "product_id": labels(self.products, s.product[of]),
                "staff_id": labels(self.managers.ids, s.manager[of]),
                "opportunity_id": opportunity_ids(of),
                "started_on": days(r["start"][at] // 86400),
                "planned_end_on": days(r["start"][at] // 86400 + 30),
                "ended_on": days_by(r["end"][at], end),
                "users_cnt": np.clip(s.lines[of] // 3, 1, 60),
                "result": labels(
                    ["running", "converted", "not_converted"], np.where(over, 1 + lost, 0)
                ),
                "order_id": optional(order_ids(r["order"][at]), over & ~lost),
            }
        )

    def _fee(self) -> np.ndarray:
        return group_products(self.operator).fee


def _code(names: list[str], codes: np.ndarray) -> pl.Series:
    return labels([*names, None], np.where(codes == NONE, len(names), codes))
