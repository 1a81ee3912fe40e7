"""What went wrong in a dbt command, from the ``run_results.json`` it left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

CHECK = "dbt"
#: the same for models that no published table is built from
BESIDE = "dbt_beside"
_SHOWN = 3


@dataclass(frozen=True)
class FailedNode:
    """A model or test that failed. ``rows`` is what a test counted, None for an error; ``id`` is
    dbt's own."""

    kind: str
    name: str
    rows: int | None
    id: str = ""


def failed_nodes(folder: Path) -> list[FailedNode]:
    """The nodes that failed; empty when dbt ended before it could write its results."""
    try:
        results = json.loads((folder / "run_results.json").read_text())["results"]
    except (OSError, ValueError, KeyError):
        return []
    return [
        FailedNode(
            id=item["unique_id"],
            kind=item["unique_id"].split(".")[0],
            name=item["unique_id"].split(".")[2],
            rows=item.get("failures") if item["status"] == "fail" else None,
        )
        for item in results
        if item["status"] in {"error", "fail", "runtime error"}
    ]


def reasons(failed: list[FailedNode]) -> tuple[str, str]:
    """Why publication is held, in Chinese and English; names and counts only."""
    if not failed:
        return "模型构建中断，未产生结果。", "dbt ended before it had built the models."
    zh, en = [], []
    for node in failed[:_SHOWN]:
        if node.rows is None:
            zh.append(f"{node.kind} {node.name} 出错")
            en.append(f"{node.kind} {node.name} ended with an error")
        else:
            zh.append(f"检验 {node.name} 发现 {node.rows} 行不符")
            en.append(f"test {node.name} found {node.rows} rows")
    rest = len(failed) - _SHOWN
    if rest > 0:
        zh.append(f"另有 {rest} 项")
        en.append(f"and {rest} more")
    return f"模型检验未通过：{'；'.join(zh)}。", f"The models did not pass: {'; '.join(en)}."
