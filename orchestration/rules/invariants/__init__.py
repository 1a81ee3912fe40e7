"""The invariants of rule tables, judged on the CSV files.

Each is a dbt test of the same name and arguments (dbt_project/macros/rule_tests.sql). What they are
held to is written once, in the seeds' YAML; that both see the same faults is held by tests/rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestration.rules.invariants import across, over_time, rows
from orchestration.rules.reading import Content

#: judges a table's content, and may look at the others; arguments as in the YAML
Judge = Callable[..., None]

#: each row by itself: judged also where other rows of the file could not be read
OF_ROWS: dict[str, Judge] = {
    "filled": rows.filled,
    "not_null": rows.not_null,
    "allowed": rows.allowed,
    "each_row": rows.each_row,
    "known_source": rows.known_source,
    "within_reach": rows.within_reach,
}
#: rows together: judged only when all could be read
OF_TABLES: dict[str, Judge] = {
    "unique": rows.unique,
    "unique_combination": rows.unique_combination,
    "no_overlap": over_time.no_overlap,
    "no_gap": over_time.no_gap,
    "same_days": over_time.same_days,
    "weights_sum": over_time.weights_sum,
    "begins_at": over_time.begins_at,
    "outweighs": across.outweighs,
    "ordered": across.ordered,
    "levels_rise": across.levels_rise,
    "references": across.references,
    "complete_for": across.complete_for,
}


def judge(content: Content, others: Mapping[str, Content]) -> list[str]:
    """Hold ``content`` to its table's invariants; faults are added to it.

    Args:
        others: all tables by name, for references.

    Returns:
        Names of tests that only dbt can run.
    """
    readable = not content.faults
    unknown = []
    for invariant in content.table.invariants:
        arguments: dict[str, Any] = dict(invariant.arguments)
        if invariant.test in OF_ROWS:
            OF_ROWS[invariant.test](content, others, **arguments)
        elif invariant.test in OF_TABLES:
            if readable:
                OF_TABLES[invariant.test](content, others, **arguments)
        else:
            unknown.append(invariant.test)
    return unknown
