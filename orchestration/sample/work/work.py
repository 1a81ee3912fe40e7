"""The part of the sample operator in which account managers and the back office work."""

from __future__ import annotations

from typing import Any, ClassVar

from orchestration.sample.operator import Operator, OperatorPart, Tables
from orchestration.sample.work.complaints import draw_complaints
from orchestration.sample.work.initiatives import Initiatives
from orchestration.sample.work.managers import ManagerFeeds
from orchestration.sample.work.order_feeds import OrderFeeds
from orchestration.sample.work.scene import set_scene
from orchestration.sample.work.selling import draw_opportunities, draw_orders
from orchestration.sample.work.selling_feeds import SellingFeeds
from orchestration.sample.work.targets import Targets
from orchestration.sample.work.training import Training
from orchestration.sample.work.visits import VisitFeed, draw_visits
from orchestration.sample.work.work_orders import draw_work_orders


class Work:
    """Visits lead to opportunities, those to orders, those to work orders: drawn in this order."""

    feeds: ClassVar[tuple[str, ...]] = (
        *ManagerFeeds.feeds,
        *VisitFeed.feeds,
        *SellingFeeds.feeds,
        *OrderFeeds.feeds,
        *Training.feeds,
        *Targets.feeds,
        *Initiatives.feeds,
    )
    #: those of them that come whole, not by month
    full_feeds: ClassVar[frozenset[str]] = frozenset({"hr.post", "eoms.flow_node"})

    def __init__(self, operator: Operator) -> None:
        scene = set_scene(operator)
        groups, managers, time = scene.groups, scene.managers, scene.time
        visits = draw_visits(operator, groups, managers, time)
        sold = draw_opportunities(operator, groups, managers, visits, time)
        orders = draw_orders(operator, groups, managers, sold, time)
        complaints = draw_complaints(scene)
        work = draw_work_orders(scene, orders, complaints)
        self.parts: list[OperatorPart] = [
            ManagerFeeds(operator, managers, time),
            VisitFeed(operator, groups, managers, visits),
            SellingFeeds(scene, sold, orders, work),
            OrderFeeds(scene, orders, complaints, work),
            Training(scene),
            Targets(scene),
            Initiatives(operator),
        ]

    def of_month(self, t: int) -> Tables:
        for part in self.parts:
            yield from part.of_month(t)

    def truth(self) -> dict[str, Any]:
        """What the parts planted, each under its own keys."""
        return {k: v for part in self.parts for k, v in part.truth().items()}
