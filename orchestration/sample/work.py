"""The part of the sample operator in which account managers and the back office work."""

from __future__ import annotations

from typing import Any

from orchestration.sample.complaints import draw_complaints
from orchestration.sample.initiatives import Initiatives
from orchestration.sample.managers import ManagerFeeds
from orchestration.sample.operator import Operator, OperatorPart, Tables
from orchestration.sample.order_feeds import OrderFeeds
from orchestration.sample.scene import set_scene
from orchestration.sample.selling import draw_opportunities, draw_orders
from orchestration.sample.selling_feeds import SellingFeeds
from orchestration.sample.targets import Targets
from orchestration.sample.training import Training
from orchestration.sample.visits import VisitFeed, draw_visits
from orchestration.sample.work_orders import draw_work_orders

#: the feeds of this part, and those of them that come whole
WORK_FEEDS = (
    "hr.post",
    "hr.manager_rating",
    "hr.team_member",
    "hr.capability_score",
    "crm.visit",
    "crm.opportunity",
    "crm.opportunity_step",
    "crm.sales_order",
    "crm.product_trial",
    "eoms.flow_node",
    "eoms.work_order",
    "eoms.node_instance",
    "eoms.complaint",
    "eoms.walkthrough_finding",
    "si.partner_order",
    "training.attendance",
    "training.exam",
    "training.certificate",
    "target.kpi_target",
    "target.manual_score",
    "pmo.initiative",
)
FULL_WORK_FEEDS = frozenset({"hr.post", "eoms.flow_node"})


class Work:
    """Visits lead to opportunities, those to orders, those to work orders: drawn in this order."""

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
