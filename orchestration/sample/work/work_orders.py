"""Work orders on their way through the nodes of their flows, in business hours.

Each passage waits to be taken and is then worked on; some are sent back. A few nodes are
bottlenecks, one partner is slow, and the network department of the second city works slower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample.operator import Operator
from orchestration.sample.tables import numbers
from orchestration.sample.work.complaints import BILL, NETWORK, SUBSCRIBER, Complaints
from orchestration.sample.work.flows import Flows
from orchestration.sample.work.scene import Scene
from orchestration.sample.work.selling import (
    EOMS,
    INSTANT,
    NEW,
    NONE,
    PARTNER,
    Orders,
    group_products,
)
from orchestration.sample.working_time import HOUR, NEVER

TYPES = ["service_opening", "resource_confirmation", "resource_reservation", "complaint_fault"]
OPENING, CONFIRMATION, RESERVATION, FAULT = range(4)
#: how many nodes are bottlenecks, and how much longer an order waits or is worked on there
BOTTLENECKS = 6
WAITS, WORKS = 6.0, 3.5
#: usual share of the standard hours that an order waits, and is worked on
WAIT_SHARE, WORK_SHARE = 0.3, 0.42
PARTNERS = 5
SLOW_PARTNER, SLOWNESS = 2, 2.4


@dataclass(frozen=True)
class Passages:
    """Passages of work orders through nodes: one position each, in the order of the work orders.

    ``order`` is the position of the work order, ``seq`` the number of the passage in it from 1,
    ``node`` a row of the catalogue, ``back`` whether it was sent back, ``again`` whether it is
    passed a second time; times in seconds since 1970, ``waited`` business seconds for the customer.
    """

    order: np.ndarray
    seq: np.ndarray
    node: np.ndarray
    arrived: np.ndarray
    accepted: np.ndarray
    finished: np.ndarray
    back: np.ndarray
    again: np.ndarray
    waited: np.ndarray
    follower: np.ndarray


@dataclass(frozen=True)
class WorkOrders:
    """All work orders by time of creation, and their passages.

    ``sales`` and ``complaint`` are positions (``NONE`` where it is not one); ``partner`` likewise.
    ``opened`` is when the service was opened, ``answered`` when the complainant was answered.
    """

    kind: np.ndarray
    flow: np.ndarray
    sales: np.ndarray
    complaint: np.ndarray
    partner: np.ndarray
    created: np.ndarray
    dispatched: np.ndarray
    archived: np.ndarray
    opened: np.ndarray
    answered: np.ndarray
    sync_failed: np.ndarray
    reopened: np.ndarray
    passages: Passages

    def __len__(self) -> int:
        return len(self.kind)


def work_order_ids(at: np.ndarray) -> pl.Series:
    """The numbers of work orders."""
    return numbers("WO", at + 1, 8)


def bottlenecks(operator: Operator, flows: Flows) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the catalogue where orders are held up, and whether it is by waiting (or by work).

    One each of the busiest flows, among nodes of at least two hours.
    """
    rng = operator.rng("bottlenecks")
    confirm, reserve = flows.resource["G401"]
    busy = [confirm, reserve, flows.opening["G401"], flows.complaint, flows.complaint + 1]
    busy += [flows.complaint + 2, flows.opening["G101"], flows.opening["G203"]]
    found = []
    for flow in rng.permutation(busy)[:BOTTLENECKS]:
        nodes = np.arange(flows.first[flow], flows.first[flow] + flows.count[flow])
        able = (flows.hours[nodes] >= 2) & ~flows.optional[nodes]
        able &= np.array([flows.department[i] != "group_customers" for i in nodes])
        found.append(rng.choice(nodes[able]))
    return np.array(found), np.arange(BOTTLENECKS) % 2 == 0


def draw_work_orders(scene: Scene, orders: Orders, complaints: Complaints) -> WorkOrders:
    """A work order or more for each order that is not opened at once, one for most complaints."""
    operator, flows = scene.operator, scene.flows
    rng, ids = operator.rng("work_orders"), group_products(operator).ids
    live = np.flatnonzero((orders.path != INSTANT) & (orders.cancelled == NEVER))
    flow_of = np.array([flows.opening.get(i, flows.opening["G203"]) for i in ids])
    change_of = np.array([flows.change.get(i, flows.change["G203"]) for i in ids])
    product, new = orders.product[live], orders.kind[live] == NEW
    staged = new & (orders.path[live] == EOMS)
    opening = np.where(new, flow_of[product], change_of[product])
    chains = live[staged]
    pairs = np.array([flows.resource.get(i, (0, 0)) for i in ids])[orders.product[chains]]
    sent = complaints.ordered
    base = flows.complaint
    bill = complaints.kind[sent] == BILL
    offset = np.select(
        [complaints.who[sent] == SUBSCRIBER, complaints.kind[sent] == NETWORK, bill], [2, 1, 4], 0
    )
    run = _Runner(scene, orders, complaints, rng)
    none = np.full(len(sent), NONE)
    done = [
        run(
            np.full(int((~staged).sum()), OPENING), opening[~staged], live[~staged],
            np.full(int((~staged).sum()), NONE), orders.accepted[live[~staged]],
        ),
        run(np.full(len(sent), FAULT), base + offset, none, sent, complaints.received[sent]),
    ]  # fmt: skip
    # a line: resources are confirmed, then reserved, then the service is opened
    ready, nothing = orders.accepted[chains], np.full(len(chains), NONE)
    for kind, flow in (
        (CONFIRMATION, pairs[:, 0]),
        (RESERVATION, pairs[:, 1]),
        (OPENING, opening[staged]),
    ):
        made = run(np.full(len(chains), kind), flow, chains, nothing, ready)
        ready = made["archived"]
        done.append(made)
    return _joined(done)


class _Runner:
    """Lets work orders pass their flows."""

    def __init__(
        self, scene: Scene, orders: Orders, complaints: Complaints, rng: np.random.Generator
    ) -> None:
        self.groups, self.managers, self.flows = scene.groups, scene.managers, scene.flows
        self.orders, self.complaints, self.time, self.rng = orders, complaints, scene.time, rng
        operator, managers, flows = scene.operator, scene.managers, scene.flows
        held, waits = bottlenecks(operator, flows)
        nodes = len(flows.node_ids)
        self.wait, self.work = np.ones(nodes), np.ones(nodes)
        self.wait[held[waits]], self.work[held[~waits]] = WAITS, WORKS
        names = flows.table["node_name"].to_list()
        self.opens = np.array([x in ("业务开通", "变更确认") for x in names])
        self.answers = np.array([x == "答复客户" for x in names])
        self.manager_node = np.array([r == "account_manager" for r in flows.role])
        self.network = np.array([d == "network" for d in flows.department])
        self.outside = np.array([d in ("network", "platform") for d in flows.department])
        places = operator.places
        second = np.array([c != managers.city[0] for c in managers.city])
        self.slow_city = np.zeros(len(places.area_ids), bool)
        self.slow_city[places.manager_area[second]] = True

    def __call__(
        self,
        kind: np.ndarray,
        flow: np.ndarray,
        sales: np.ndarray,
        complaint: np.ndarray,
        created: np.ndarray,
    ) -> dict[str, np.ndarray]:
        rng, n = self.rng, len(kind)
        order, case = sales.clip(0), complaint.clip(0)
        by_order = sales != NONE
        group = np.where(by_order, self.orders.group[order], self.complaints.group[case])
        manager = np.where(by_order, self.orders.manager[order], self.complaints.manager[case])
        failing = ~by_order & self.complaints.failing[case]
        partner = np.where(
            by_order & (self.orders.path[order] == PARTNER), rng.integers(0, PARTNERS, n), NONE
        )
        sync = rng.poisson(0.05, n)
        dispatched = self.time.after(
            created, rng.exponential(0.5, n) * HOUR + sync * rng.uniform(2, 6, n) * HOUR
        )
        # one passage may be sent back: the node before is passed again, then this one
        steps = self.flows.steps(flow)
        length = self.flows.count[flow]
        back = np.where(rng.random(n) < 0.09, rng.integers(3, np.maximum(length - 1, 4)), 10_000)
        place = np.arange(steps.shape[1] + 2)
        index = np.where(place > back[:, None], place - 2, place)
        node = np.where(
            index < length[:, None],
            np.take_along_axis(steps, np.minimum(index, steps.shape[1] - 1), axis=1),
            -1,
        )
        skip = (node >= 0) & self.flows.optional[node] & (rng.random(node.shape) < 0.5)
        # around it nothing is skipped
        near = np.abs(place - back[:, None] - 0.5) < 2
        node = np.where(skip & ~near, -1, node)

        hours = self.flows.hours[node] * HOUR
        level = np.where(group >= 0, np.array([0.75, 0.9, 1.05])[self.groups.grade[group]], 1.05)
        level = level * np.where(failing, 1.9, 1.0)
        care = np.where(manager >= 0, 1.9 - 1.3 * self.managers.diligence[manager], 1.0)
        far = self.slow_city[self.groups.area[group]] & (group >= 0)
        pace = np.where(self.network[node] & far[:, None], 1.25, 1.0) * level[:, None]
        pace = pace * np.where(
            self.outside[node] & (partner == SLOW_PARTNER)[:, None], SLOWNESS, 1.0
        )
        wait = rng.exponential(1.0, node.shape) * WAIT_SHARE * hours * self.wait[node] * pace
        wait = wait * np.where(self.manager_node[node], care[:, None], 1.0)
        spread = np.exp(0.55 * rng.standard_normal(node.shape) - 0.15)
        work = spread * WORK_SHARE * hours * self.work[node] * pace
        waited = np.where(rng.random(node.shape) < 0.03, rng.exponential(6.0, node.shape) * HOUR, 0)
        there = node >= 0
        wait, work, waited = (np.where(there, x, 0).astype(np.int64) for x in (wait, work, waited))
        end = self.time.offset(dispatched)[:, None] + np.cumsum(wait + work + waited, axis=1)
        start = end - wait - work - waited
        finished = self.time.clock(end)
        archived = finished.max(axis=1, where=there, initial=0)
        after = np.where(there, np.arange(node.shape[1]), -1)
        last = after.max(axis=1)
        following = np.full(node.shape, -1)
        for k in reversed(range(node.shape[1] - 1)):
            following[:, k] = np.where(there[:, k + 1], node[:, k + 1], following[:, k + 1])
        row, column = np.nonzero(there)
        seq = np.cumsum(there, axis=1)[row, column]
        return {
            "kind": kind, "flow": flow, "sales": sales, "complaint": complaint,
            "partner": partner, "created": created, "dispatched": dispatched,
            "archived": archived, "sync_failed": sync,
            "reopened": (back < last).astype(np.int64),
            "opened": self._last(finished, there & self.opens[node]),
            "answered": self._last(finished, there & self.answers[node]),
            "p.order": row, "p.seq": seq, "p.node": node[row, column],
            "p.arrived": self.time.clock(start)[row, column],
            "p.accepted": self.time.clock(start + wait)[row, column],
            "p.finished": finished[row, column],
            "p.back": (place == back[:, None])[row, column],
            "p.again": (index < place)[row, column]
            & ((place - back[:, None]) <= 2)[row, column],
            "p.waited": waited[row, column],
            "p.follower": following[row, column],
        }  # fmt: skip

    @staticmethod
    def _last(finished: np.ndarray, where: np.ndarray) -> np.ndarray:
        """When the last of the marked passages of each order was finished; NEVER without one."""
        found = finished.max(axis=1, where=where, initial=0)
        return np.where(found > 0, found, NEVER)


def _joined(done: list[dict[str, np.ndarray]]) -> WorkOrders:
    """All orders by time of creation; passages follow their orders."""
    before = np.cumsum([0, *(len(d["kind"]) for d in done)])
    for made, first in zip(done, before, strict=False):
        made["p.order"] = made["p.order"] + first
    whole = {k: np.concatenate([d[k] for d in done]) for k in done[0]}
    order = np.argsort(whole["created"], kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    passages = {k[2:]: v for k, v in whole.items() if k.startswith("p.")}
    passages["order"] = place[passages["order"]]
    sort = np.lexsort((passages["seq"], passages["order"]))
    fields = {k: v[order] for k, v in whole.items() if not k.startswith("p.")}
    return WorkOrders(**fields, passages=Passages(**{k: v[sort] for k, v in passages.items()}))
