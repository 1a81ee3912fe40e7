"""The catalogue of business flows: 29 flows and their 406 nodes, from ``seeds/sample``.

``flows.csv`` names the flows; ``flow_steps.csv`` the steps of each kind of flow. A shorter flow
leaves out the steps that are marked so, in the order of the marks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample.lists import rows

#: the documents count this many functions of the systems behind the nodes
FUNCTIONS = 1035


@dataclass(frozen=True)
class Flows:
    """``table`` has a row per node; ``first[f]`` and ``count[f]`` say where flow ``f`` lies in it.

    ``hours`` are the standard business hours of each node, ``optional`` whether it may be skipped.
    ``opening``, ``change``, ``confirm`` and ``reserve`` give the flow of a product, by its id.
    """

    table: pl.DataFrame
    codes: list[str]
    first: np.ndarray
    count: np.ndarray
    node_ids: list[str]
    department: list[str]
    role: list[str]
    hours: np.ndarray
    optional: np.ndarray
    opening: dict[str, int]
    change: dict[str, int]
    resource: dict[str, tuple[int, int]]
    complaint: int

    def steps(self, flow: np.ndarray) -> np.ndarray:
        """Nodes (rows of ``table``) of each flow, padded with -1: shape (len(flow), longest)."""
        place = np.arange(int(self.count.max()))
        return np.where(place < self.count[flow][:, None], self.first[flow][:, None] + place, -1)


def read_flows() -> Flows:
    """The catalogue, always the same."""
    flows, kinds = rows("flows"), rows("flow_steps")
    made: list[dict[str, object]] = []
    count = []
    for flow in flows:
        steps = [s for s in kinds if s["steps"] == flow["steps"]]
        spare = len(steps) - int(flow["node_cnt"])
        steps = [s for s in steps if not s["left_out"] or int(s["left_out"]) > spare]
        count.append(len(steps))
        for number, step in enumerate(steps, 1):
            hours = float(step["standard_hours"]) * float(flow["hours_factor"])
            made.append(
                {
                    "node_id": f"{flow['flow_code']}N{number:02d}",
                    **{k: flow[k] for k in ("flow_code", "flow_name", "flow_name_en")},
                    **{k: flow[k] for k in ("flow_class", "process_area", "etom_process")},
                    "node_no": number,
                    **{k: step[k] for k in ("node_name", "node_name_en", "department", "role")},
                    "system_code": step["system_code"],
                    "function_cnt": _functions(len(made), sum(int(f["node_cnt"]) for f in flows)),
                    "standard_hours": hours,
                    "is_optional": step["is_optional"] == "true",
                }
            )
    table = pl.DataFrame(made)
    by_kind = {
        kind: {f["product_id"]: i for i, f in enumerate(flows) if f["steps"] == kind}
        for kind in ("opening", "change")
    }
    confirm = [i for i, f in enumerate(flows) if f["steps"] == "resource"]
    return Flows(
        table=table,
        codes=[f["flow_code"] for f in flows],
        first=np.concatenate([[0], np.cumsum(count)[:-1]]),
        count=np.array(count),
        node_ids=table["node_id"].to_list(),
        department=table["department"].to_list(),
        role=table["role"].to_list(),
        hours=table["standard_hours"].to_numpy(),
        optional=table["is_optional"].to_numpy(),
        opening=by_kind["opening"],
        change=by_kind["change"],
        # of each product that needs resources: first to confirm, then to reserve them
        resource={
            flows[a]["product_id"]: (a, b) for a, b in zip(confirm[::2], confirm[1::2], strict=True)
        },
        complaint=next(i for i, f in enumerate(flows) if f["flow_class"] == "complaint"),
    )


def _functions(place: int, nodes: int) -> int:
    """So many functions for each node that all have ``FUNCTIONS``, spread evenly."""
    return FUNCTIONS * (place + 1) // nodes - FUNCTIONS * place // nodes
