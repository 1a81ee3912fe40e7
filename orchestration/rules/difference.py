"""``telmart rules diff``: what changed rules would do to a month's results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.rules.changes import RowChange, row_changes
from orchestration.rules.measuring import Values, measure
from orchestration.rules.preview import Model, Project, affected_by, compiled, preview
from orchestration.rules.sides import Side, new_side, old_side, warehouse_side
from orchestration.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """A number that differs.

    Attributes:
        segment: ``vad_class = VD``; empty: all of the mart.
    """

    mart: str
    measure: str
    segment: str
    old: Decimal
    new: Decimal

    @property
    def difference(self) -> Decimal:
        """New less old."""
        return self.new - self.old


@dataclass(frozen=True)
class Difference:
    """What a change of rules comes to.

    Attributes:
        old, new: where the rules came from, for people.
        rows: rule rows that differ.
        models: names of all models that read them.
        marts: those of them whose results are compared.
        month: the month compared, None when nothing had to be.
        results: numbers that differ, by mart, measure and segment, totals first.
    """

    old: str
    new: str
    rows: Sequence[RowChange]
    models: Sequence[str] = ()
    marts: Sequence[str] = ()
    month: date | None = None
    results: Sequence[Result] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; numbers as text, exactly."""
        return {
            **{k: v for k, v in asdict(self).items() if k != "results"},
            "results": [{**asdict(r), "difference": r.difference} for r in self.results],
        }


def difference(
    settings: Settings,
    paths: Sequence[Path] = (),
    against: str | None = None,
    month: str | None = None,
    say: Say = lambda text: None,
) -> Difference:
    """Compare rules, and a month's results under both.

    Args:
        paths: proposed CSVs in place of those in force.
        against: the old rules; None: what the warehouse was last built with.
        month: ``2026-10``; None: the last that is built.

    Raises:
        TelmartError: faulty rules, no warehouse, or one that is not built.
    """
    new = new_side(settings, list(paths))
    old = old_side(settings, against) if against else None
    if old is not None and not row_changes(old.contents, new.contents):
        return Difference(old.label, new.label, [])
    with connect(settings) as warehouse:
        old = old or warehouse_side(warehouse)
        rows = row_changes(old.contents, new.contents)
        if not rows:
            return Difference(old.label, new.label, [])
        say("Looking for the models that read the changed tables")
        project = affected_by(settings, sorted({row.table for row in rows}))
        names = [model.name for model in project.models]
        marts = [model for model in project.models if model.name in project.semantics]
        if not marts:
            return Difference(old.label, new.label, rows, names)
        day = _month(warehouse, marts, month)
        warehouse.rollback()  # dbt looks at the tables meanwhile; hold none of them
        months = _with_reach(project, day)
        say("Compiling them")
        code = compiled(settings, project.models, months)
        before, after = (
            _results(warehouse, project, side, code, months=months, marts=marts, say=say)
            for side in (old, new)
        )
    results = [
        Result(*key, before.get(key, Decimal(0)), after.get(key, Decimal(0)))
        for key in sorted(before.keys() | after.keys())
        if before.get(key, 0) != after.get(key, 0)
    ]
    return Difference(
        old.label, new.label, rows, names, [mart.name for mart in marts], day, results
    )


def _results(
    warehouse: psycopg.Connection[Any], project: Project, side: Side, code: dict[str, str],
    *, months: Sequence[date], marts: Sequence[Model], say: Say,
) -> Values:  # fmt: skip
    with preview(warehouse, project) as scratch:
        scratch.load(side)
        for number, model in enumerate(project.models, start=1):
            say(f"{side.label}: {model.name} ({number} of {len(project.models)})")
            scratch.build(model, code[model.name], months)
        return measure(scratch, marts, project.semantics, months[-1])


def _month(warehouse: psycopg.Connection[Any], marts: Sequence[Model], month: str | None) -> date:
    """The month asked for, or the last that any of the marts has.

    Raises:
        TelmartError: nothing is built, or not that month.
    """
    built: set[date] = set()
    for mart in marts:
        place = mart.relation.partition(".")[2]
        if warehouse.execute("select to_regclass(%s)", [place]).fetchone() != (None,):
            query = f"select distinct stat_month from {place}"
            built |= {found for (found,) in warehouse.execute(query)}  # type: ignore[arg-type]
    if not built:
        raise TelmartError(
            "No month is built yet, so there are no results to compare.",
            "Load the extracts and build them with `telmart run`, then compare.",
        )
    if month is None:
        return max(built)
    from orchestration.refresh.work import parse_month  # noqa: PLC0415 - imports the loader

    wanted = parse_month(month)
    if wanted not in built:
        raise TelmartError(
            f"{month} is not built.", f"Built are {min(built):%Y-%m} to {max(built):%Y-%m}."
        )
    return wanted


def _with_reach(project: Project, month: date) -> list[date]:
    """The month and, before it, those its results look back at, which new rules change too."""
    reach = max(int(model.meta.get("reach_months", 0)) for model in project.models)
    number = month.year * 12 + month.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - reach, number + 1)]
