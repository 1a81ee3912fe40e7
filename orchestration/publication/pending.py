"""What a run has to process: driven by the ledger, never by a watermark."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from orchestration.engine.databases import connect
from orchestration.publication.fingerprint import fingerprint, is_unchanged
from orchestration.publication.manifest import manifest_path, published_marts
from orchestration.settings import Settings

#: the month of each unpublished load; null for a feed without periods
_LOADS = """
    select load_id, case when isfinite(period_date)
        then date_trunc('month', period_date)::date end
    from ops.load where is_current and published_at is null order by load_id
"""
#: months the extracts speak of; a feed without periods speaks of no month of its own
_KNOWN = """
    select distinct date_trunc('month', period_date)::date from ops.load
    where is_current and isfinite(period_date)
"""
#: A frozen cohort is made from its baseline months: when one of these changes, so does every
#: month in which the cohort is tracked, however much later.
_COHORTS = """
    select freeze_month, baseline_months, tracked_to from reference.retention_cohort
"""


@dataclass(frozen=True)
class Pending:
    """Work for one run, noted before it begins.

    Attributes:
        months: business months to build and publish; None for all there are.
        load_ids: loads that will have been published when the run ends well.
        fingerprint: of the models this was noted with; give it to ``publish``.
    """

    months: list[date] | None
    load_ids: list[int]
    fingerprint: str

    @property
    def is_empty(self) -> bool:
        """Nothing to do."""
        return self.months == []


def pending(settings: Settings, standing: Collection[date] = ()) -> Pending:
    """Months of loads not yet published, and every month these can still change.

    Loads of the ``standing`` months (closed, and no reason given) are left out: they wait.

    All months when models or rule tables changed since the last run, or a feed without periods
    was loaded anew.
    """
    value = fingerprint(settings)
    with connect(settings) as warehouse:
        loads = [row for row in warehouse.execute(_LOADS) if row[1] not in standing]
        load_ids = [row[0] for row in loads]
        changed = {row[1] for row in loads}
        everything = not is_unchanged(warehouse, value) or not manifest_path(settings).exists()
        if everything or None in changed:
            return Pending(None, load_ids, value)
        known = {row[0] for row in warehouse.execute(_KNOWN)}
        reach = max(table.reach_months for table in published_marts(settings))
        months = reached(changed, known, reach) | _tracked(warehouse, changed, known)
    return Pending(sorted(months), load_ids, value)


def reached(changed: set[date], known: set[date], reach: int) -> set[date]:
    """``changed`` and those of the ``known`` months that lie at most ``reach`` months later."""
    return changed | {
        month for month in known for start in changed if 0 < _distance(start, month) <= reach
    }


def _tracked(warehouse: psycopg.Connection[Any], changed: set[date], known: set[date]) -> set[date]:
    row = warehouse.execute(
        "select to_regclass('reference.retention_cohort') is not null"
    ).fetchone()  # fmt: skip
    if not (row and row[0]):
        return set()
    found: set[date] = set()
    for freeze, baseline_months, tracked_to in warehouse.execute(_COHORTS):
        if any(0 <= _distance(month, freeze) < baseline_months for month in changed):
            found |= {m for m in known if freeze <= m and (tracked_to is None or m <= tracked_to)}
    return found


def _distance(earlier: date, later: date) -> int:
    """Months from one month to another; negative when ``later`` comes first."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month
