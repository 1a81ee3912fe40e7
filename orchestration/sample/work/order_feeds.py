"""Feeds of EOMS and of the partners: the flow catalogue, work orders, passages, complaints."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.operator import Tables
from orchestration.sample.tables import days, labels, moments, numbers
from orchestration.sample.work.complaints import (
    CHANNELS,
    DEALER,
    GROUP,
    KINDS,
    MANAGER,
    NETWORK,
    WHO,
    Complaints,
    complaint_ids,
)
from orchestration.sample.work.scene import Scene
from orchestration.sample.work.selling import Orders, group_products, order_ids
from orchestration.sample.work.visits import NONE
from orchestration.sample.work.work_orders import (
    PARTNERS,
    SLOW_PARTNER,
    TYPES,
    WorkOrders,
    bottlenecks,
    work_order_ids,
)
from orchestration.sample.working_time import HOUR, days_by, moments_by, optional, window

SPECIALTIES = [
    "voice_trunk",
    "signalling",
    "gsm",
    "intelligent_network",
    "sms_gateway",
    "gprs",
    "data_internet",
    "transmission",
    "power",
]
SPECIALTY_SHARES = [0.08, 0.04, 0.26, 0.05, 0.1, 0.14, 0.16, 0.12, 0.05]
PARTNER_NAMES = ["岚川系统集成", "青岚信息技术", "映月网络工程", "听涛软件", "鹿鸣智能科技"]
QUALIFICATIONS = ["first", "first", "second", "second", "third"]
CODES = {
    "group_customers": "GC",
    "business_support": "BS",
    "network": "NW",
    "billing": "BL",
    "platform": "PF",
    "customer_service": "CS",
    "finance": "FN",
}
FINDINGS = ["delay", "duty", "system", "rule", "attitude"]
NOTES = [
    "环节等待时间过长，无人催办",
    "部门职责界定不清，工单来回转派",
    "系统需重复录入同一信息",
    "规定要求的材料过多，客户往返",
    "窗口人员解释不到位",
]


class OrderFeeds:
    """What EOMS, the complaint desk and the partners' system send."""

    feeds: ClassVar[tuple[str, ...]] = (
        "eoms.flow_node",
        "eoms.work_order",
        "eoms.node_instance",
        "eoms.complaint",
        "eoms.walkthrough_finding",
        "si.partner_order",
    )

    def __init__(
        self, scene: Scene, orders: Orders, complaints: Complaints, work: WorkOrders
    ) -> None:
        self.operator, self.groups, self.managers = scene.operator, scene.groups, scene.managers
        self.outlets, self.flows, self.orders = scene.outlets, scene.flows, orders
        operator, flows = scene.operator, scene.flows
        self.complaints, self.work = complaints, work
        self.products = group_products(operator).ids
        places, rng = operator.places, operator.rng("order_feeds")
        above = {u["org_unit_id"]: u["parent_id"] for u in places.units}
        self.county = [above[a] for a in places.area_ids]
        self.province = next(u["org_unit_id"] for u in places.units if u["level"] == "province")
        self.departments = sorted(CODES)
        self.dept = np.array([self.departments.index(d) for d in flows.department])
        self.by_manager = np.array([r == "account_manager" for r in flows.role])

        order, case = work.sales.clip(0), work.complaint.clip(0)
        by_order = work.sales != NONE
        self.group = np.where(by_order, orders.group[order], complaints.group[case])
        self.manager = np.where(by_order, orders.manager[order], complaints.manager[case])
        self.product = np.where(by_order, orders.product[order], NONE)
        fault = (work.complaint != NONE) & (complaints.kind[case] == NETWORK)
        drawn = rng.choice(len(SPECIALTIES), size=len(work), p=SPECIALTY_SHARES)
        self.specialty = np.where(fault, drawn, NONE)
        self.handler = rng.integers(1, 9, len(work.passages.order))
        self.cases = self._cases(rng)
        self.partner = self._partner_orders(rng)
        self.findings = self._findings()

    def of_month(self, t: int) -> Tables:
        start, end = window(self.operator.span[t])
        if t == len(self.operator.span) - 1:
            yield "eoms.flow_node", self.flows.table
        yield "eoms.work_order", self._orders(start, end)
        yield "eoms.node_instance", self._passages(start, end)
        yield "eoms.complaint", self._complaints(start, end)
        yield "eoms.walkthrough_finding", self._finding_feed(start, end)
        yield "si.partner_order", self._partner_feed(start, end)

    def truth(self) -> dict[str, Any]:
        """``bottleneck_nodes``: where orders take a multiple of the standard hours, by waiting to
        be accepted (``wait``) or by being worked on (``work``). ``slow_partner``: whose orders take
        more than twice as long as other partners'.
        """
        held, waits = bottlenecks(self.operator, self.flows)
        return {
            "bottleneck_nodes": [
                {"node_id": self.flows.node_ids[i], "kind": "wait" if w else "work"}
                for i, w in zip(held, waits, strict=True)
            ],
            "slow_partner": f"SI{SLOW_PARTNER + 1:02d}",
        }

    def _orders(self, start: int, end: int) -> pl.DataFrame:
        w = self.work
        at = np.flatnonzero((w.created < end) & (w.archived >= start))
        group, sales, case = self.group[at], w.sales[at], w.complaint[at]
        by_manager = (sales != NONE) | (self.complaints.channel[case.clip(0)] == MANAGER)
        started = np.where(by_manager, self.manager[at], NONE)
        area = self.groups.area[group]
        unit = np.where(group == NONE, len(self.county), area)
        hall = np.where(case != NONE, self.complaints.outlet[case.clip(0)], NONE)
        at_hall = (group == NONE) & (hall != NONE)
        unit = np.where(at_hall, self.outlets.area[hall], unit)
        return pl.DataFrame(
            {
                "work_order_id": work_order_ids(at),
                "work_order_type": labels(TYPES, w.kind[at]),
                "flow_code": labels(self.flows.codes, w.flow[at]),
                "order_id": optional(order_ids(sales), sales != NONE),
                "complaint_id": optional(complaint_ids(case), case != NONE),
                "group_id": _code(self.groups.ids, group),
                "product_id": _code(self.products, self.product[at]),
                "service_level": labels(
                    ["a", "b", "c", "none"], np.where(group == NONE, 3, self.groups.grade[group])
                ),
                "network_specialty": _code(SPECIALTIES, self.specialty[at]),
                "org_unit_id": labels([*self.county, self.province], unit),
                "created_by_staff_id": _code(self.managers.ids, started),
                "created_at": moments(w.created[at]),
                "dispatched_at": moments_by(w.dispatched[at], end),
                "archived_at": moments_by(w.archived[at], end),
                "sync_failed_cnt": w.sync_failed[at],
                "reopened_cnt": w.reopened[at],
                "state": labels(["open", "archived"], (w.archived[at] < end).astype(int)),
            }
        )

    def _passages(self, start: int, end: int) -> pl.DataFrame:
        p = self.work.passages
        at = np.flatnonzero((p.arrived < end) & (p.finished >= start))
        node, of = p.node[at], p.order[at]
        staff = np.where(self.by_manager[node], self.manager[of], NONE)
        done = p.finished[at] < end
        codes = labels([CODES[d] for d in self.departments], self.dept[node])
        account = codes + numbers("", self.handler[at], 2)
        own = _code(self.managers.ids, staff)
        followed = done & (p.follower[at] >= 0)
        return pl.DataFrame(
            {
                "work_order_id": work_order_ids(of),
                "node_seq": p.seq[at],
                "node_id": labels(self.flows.node_ids, node),
                "department": labels(self.departments, self.dept[node]),
                "handler_no": pl.select(pl.coalesce(own.str.to_lowercase(), account)).to_series(),
                "staff_id": own,
                "arrived_at": moments(p.arrived[at]),
                "accepted_at": moments_by(p.accepted[at], end),
                "finished_at": moments_by(p.finished[at], end),
                "customer_wait_min": np.where(done, p.waited[at] * 100 // 60, 0),
                "next_department": optional(
                    labels(self.departments, self.dept[p.follower[at].clip(0)]), followed
                ),
                "result": labels(
                    ["under_way", "done", "sent_back"], np.where(done, 1 + p.back[at], 0)
                ),
                "is_reopened": p.again[at],
            }
        )

    def _cases(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """What became of each complaint; those with a work order follow it."""
        c, w = self.complaints, self.work
        n = len(c)
        triaged = c.received + (rng.exponential(0.8, n) * HOUR).astype(np.int64)
        hours = np.exp(3.0 + 0.8 * rng.standard_normal(n))
        answered = triaged + (hours * HOUR).astype(np.int64)
        archived = answered + (rng.exponential(20.0, n) * HOUR).astype(np.int64)
        at = np.flatnonzero(w.complaint != NONE)
        case = w.complaint[at]
        triaged[case], answered[case] = w.dispatched[at], w.answered[at]
        archived[case] = w.archived[at]
        late = (answered - c.received) > c.limit * HOUR
        happy = rng.random(n) < 0.88 - 0.4 * late - 0.3 * c.failing
        return {
            "triaged": triaged,
            "answered": answered,
            "archived": archived,
            "asked": rng.random(n) < 0.7,
            "happy": happy,
            "reopened": rng.poisson(np.where(happy, 0.02, 0.2)),
        }

    def _complaints(self, start: int, end: int) -> pl.DataFrame:
        c, made = self.complaints, self.cases
        at = np.flatnonzero((c.received < end) & (made["archived"] >= start))
        closed = made["archived"][at] < end
        group, outlet, dealer = c.group[at], c.outlet[at], c.dealer[at]
        unit = np.select(
            [c.who[at] == GROUP, outlet != NONE, c.who[at] == DEALER],
            [self.groups.area[group], self.outlets.area[outlet], self.outlets.home[dealer]],
            len(self.county),
        )
        # groups name the product they complain of, one of the nine, the same in every month
        about = (c.who[at] == GROUP) & np.isin(c.kind[at], [NETWORK, KINDS.index("product")])
        case = np.full(len(c), NONE)
        sales = np.flatnonzero(self.work.complaint != NONE)
        case[self.work.complaint[sales]] = sales
        return pl.DataFrame(
            {
                "complaint_id": complaint_ids(at),
                "complainant_type": labels(WHO, c.who[at]),
                "group_id": _code(self.groups.ids, group),
                "subscriber_id": optional(
                    numbers("S", c.subscriber[at] + 1, 8), c.subscriber[at] != NONE
                ),
                "dealer_id": optional(numbers("D", dealer + 1, 5), dealer != NONE),
                "complaint_kind": labels(KINDS, c.kind[at]),
                "received_channel": labels(CHANNELS, c.channel[at]),
                "against_staff_id": _code(self.managers.ids, c.against[at]),
                "against_outlet_id": optional(numbers("O", outlet + 1, 6), outlet != NONE),
                "product_id": _code(self.products, np.where(about, at * 7919 % 9, NONE)),
                "org_unit_id": labels([*self.county, self.province], unit),
                "received_at": moments(c.received[at]),
                "triaged_at": moments_by(made["triaged"][at], end),
                "answered_at": moments_by(made["answered"][at], end),
                "archived_at": moments_by(made["archived"][at], end),
                "limit_hours": c.limit[at],
                "is_satisfied": optional(pl.Series(made["happy"][at]), closed & made["asked"][at]),
                "reopened_cnt": np.where(closed, made["reopened"][at], 0),
                "state": labels(["open", "archived"], closed.astype(int)),
            }
        )

    def _findings(self) -> dict[str, np.ndarray]:
        """Eight findings a month: managers notice bottlenecks more often than other nodes."""
        held, _ = bottlenecks(self.operator, self.flows)
        heads = [p.staff_id for p in self.operator.places.staff if p.post == "manager"]
        parts = []
        for t, month in enumerate(self.operator.span):
            rng, k = self.operator.rng("walkthrough", t), 8
            on = rng.random(k) < 0.35
            node = np.where(on, rng.choice(held, size=k), rng.integers(0, len(self.dept), k))
            first = int(np.datetime64(month.first, "D").astype(int))
            day = np.sort(first + rng.integers(4, 26, k))
            fixed = day + (rng.exponential(1.0, k) * 45).astype(np.int64) + 2
            parts.append(
                {
                    "node": node,
                    "walker": rng.integers(0, len(heads), k),
                    "day": day,
                    "kind": np.where(on, 0, rng.integers(0, len(FINDINGS), k)),
                    "severity": np.where(on, 0, rng.integers(0, 3, k)),
                    "fixed": np.where(rng.random(k) < 0.15, 2**25, fixed) * 86400,
                    "county": rng.integers(0, len(self.county), k),
                }
            )
        return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}

    def _finding_feed(self, start: int, end: int) -> pl.DataFrame:
        f = self.findings
        heads = [p.staff_id for p in self.operator.places.staff if p.post == "manager"]
        at = np.flatnonzero((f["day"] * 86400 < end) & (f["fixed"] >= start))
        node = f["node"][at]
        flow = np.searchsorted(self.flows.first, node, side="right") - 1
        return pl.DataFrame(
            {
                "finding_id": numbers("WF", at + 1, 5),
                "flow_code": labels(self.flows.codes, flow),
                "node_id": labels(self.flows.node_ids, node),
                "walker_staff_id": labels(heads, f["walker"][at]),
                "org_unit_id": labels(self.county, f["county"][at]),
                "walked_on": days(f["day"][at]),
                "finding_kind": labels(FINDINGS, f["kind"][at]),
                "severity": labels(["high", "medium", "low"], f["severity"][at]),
                "note": labels(NOTES, f["kind"][at]),
                "department": labels(self.departments, self.dept[node]),
                "due_on": days(f["day"][at] + np.array([15, 30, 60])[f["severity"][at]]),
                "fixed_on": days_by(f["fixed"][at], end),
            }
        )

    def _partner_orders(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Partners get their order when the work order is dispatched; done when it is open."""
        w = self.work
        at = np.flatnonzero(w.partner != NONE)
        sent = w.dispatched[at] + rng.integers(60, 1200, len(at))
        done = np.maximum(w.opened[at], sent + 3600)
        return {
            "order": at,
            "sent": sent,
            "accepted": sent + ((done - sent) * rng.uniform(0.02, 0.2, len(at))).astype(np.int64),
            "done": done,
            "returned": w.reopened[at],
            "fee": (np.exp(8.0 + 0.5 * rng.standard_normal(len(at))) * 100).astype(np.int64),
        }

    def _partner_feed(self, start: int, end: int) -> pl.DataFrame:
        p, w = self.partner, self.work
        at = np.flatnonzero((p["sent"] < end) & (p["done"] >= start))
        order = p["order"][at]
        partner = w.partner[order]
        return pl.DataFrame(
            {
                "partner_order_id": numbers("PO", at + 1, 6),
                "partner_code": labels([f"SI{i + 1:02d}" for i in range(PARTNERS)], partner),
                "partner_name": labels(PARTNER_NAMES, partner),
                "qualification": labels(QUALIFICATIONS, partner),
                "work_order_id": work_order_ids(order),
                "product_id": _code(self.products, self.product[order]),
                "sent_at": moments(p["sent"][at]),
                "accepted_at": moments_by(p["accepted"][at], end),
                "done_at": moments_by(p["done"][at], end),
                "limit_hours": np.full(len(at), 45.0),
                "returned_cnt": np.where(p["done"][at] < end, p["returned"][at], 0),
                "fee_amt": p["fee"][at],
                "state": labels(["open", "done"], (p["done"][at] < end).astype(int)),
            }
        )


def _code(names: list[str], codes: np.ndarray) -> pl.Series:
    return labels([*names, None], np.where(codes == NONE, len(names), codes))
