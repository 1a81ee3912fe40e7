"""Whom work is about: what its parts are all drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.channel.outlets import Outlets, draw_outlets
from orchestration.sample.groups.customers import Groups, draw_groups
from orchestration.sample.operator import Operator
from orchestration.sample.work.flows import Flows, read_flows
from orchestration.sample.work.managers import Managers, draw_managers
from orchestration.sample.working_time import WorkingTime


@dataclass(frozen=True)
class Scene:
    """The operator with its groups, account managers, outlets and flows, and its working time."""

    operator: Operator
    groups: Groups
    managers: Managers
    outlets: Outlets
    flows: Flows
    time: WorkingTime


def served(groups: Groups, t: int) -> np.ndarray:
    """Positions of the groups that are customers in month ``t`` and are not lost yet, rising."""
    known = groups.known(t)
    return known[groups.lost_from[known] > t]


def set_scene(operator: Operator) -> Scene:
    """Draw everybody once."""
    return Scene(
        operator,
        draw_groups(operator),
        draw_managers(operator),
        draw_outlets(operator),
        read_flows(),
        WorkingTime(operator.span),
    )
