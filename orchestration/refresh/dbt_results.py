"""What went wrong in a dbt command, from the ``run_results.json`` it left, and whom it holds."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.publication import open_hold, resolve_holds
from orchestration.publication.manifest import below_marts
from orchestration.refresh.progress import Stage, current
from orchestration.settings import Settings

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


def hold_failed(settings: Settings, failed: Sequence[FailedNode]) -> bool:
    """Hold the marts that failed nodes are part of. Returns whether that leaves none to publish.

    Args:
        failed: none, when dbt ended before it could say: every mart is held.
    """
    below = below_marts(settings)
    marts = {mart for mart, ids in below.items() if any(node.id in ids for node in failed)}
    inside = [node for node in failed if any(node.id in ids for ids in below.values())]
    beside = [node for node in failed if node not in inside]
    if inside or not failed:
        reason = _hold(settings, CHECK, inside, marts if failed else None)
        current().fail(Stage.MODELS, reason)
    else:
        resolve_holds(settings, check_name=CHECK)
    if beside:
        _hold(settings, BESIDE, beside, ())
    else:
        resolve_holds(settings, check_name=BESIDE)
    return not failed or marts == set(below)


def _hold(
    settings: Settings, name: str, failed: Sequence[FailedNode], marts: Collection[str] | None
) -> str:
    zh, en = reasons(failed)
    open_hold(settings, check_name=name, reason=zh, reason_en=en, marts=marts)
    return en


def reasons(failed: Sequence[FailedNode]) -> tuple[str, str]:
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
