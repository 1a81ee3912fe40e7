"""What a run has to process: driven by the ledger, never by a watermark."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from orchestration.engine.databases import connect
from orchestration.publication.fingerprint import fingerprint, is_unchanged
from orchestration.publication.manifest import (
    by_mart,
    feeds_by_mart,
    manifest_path,
    marts_above_seed,
    published_marts,
)
from orchestration.settings import Settings

#: loads that some mart has not published: feed, month (null: a feed without periods), who has
_LOADS = """
    select l.load_id, l.feed,
        case when isfinite(l.period_date) then date_trunc('month', l.period_date)::date end,
        array(select p.mart from ops.publication as p where p.load_id = l.load_id)
    from ops.load as l where l.is_current and l.published_at is null order by l.load_id
"""
#: months the extracts speak of; a feed without periods speaks of no month of its own
_KNOWN = """
    select distinct date_trunc('month', period_date)::date from ops.load
    where is_current and isfinite(period_date)
"""
#: A frozen cohort is made from its baseline months: when one of these changes, so does every
#: month in which the cohort is tracked, however much later.
_COHORT_TABLE = "retention_cohort"
_COHORTS = """
    select freeze_month, baseline_months, tracked_to from reference.retention_cohort
"""


@dataclass(frozen=True)
class MartPending:
    """What one mart has to publish.

    Attributes:
        months: business months; None for all there are.
        load_ids: loads that it will have published then.
    """

    months: list[date] | None
    load_ids: list[int]


@dataclass(frozen=True)
class Pending:
    """Work for one run, noted before it begins.

    Attributes:
        marts: by mart; no mart is known before dbt has ever run.
        beside: loads that no mart is built from, and the month of each; None: of no month.
        load_ids: every load that waits for a mart or for being built.
        fingerprint: of the models this was noted with; give it to ``publish``.
    """

    marts: dict[str, MartPending]
    beside: dict[int, date | None]
    load_ids: list[int]
    fingerprint: str
    everything: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing to do."""
        return not self.everything and not self.beside and all(
            mart.months == [] for mart in self.marts.values()
        )  # fmt: skip


def pending(
    settings: Settings, standing: Mapping[str, Collection[date]] | None = None
) -> Pending:  # fmt: skip
    """Months of loads not yet published, and every month these can still change, by mart.

    Loads of a mart's ``standing`` months (closed, and no reason given) are left out: they wait.

    All months of a mart when models or rule tables changed since it was published, or a feed
    without periods that it is built from was loaded anew.
    """
    value = fingerprint(settings)
    with connect(settings) as warehouse:
        loads = warehouse.execute(_LOADS).fetchall()
        load_ids = [row[0] for row in loads]
        if not manifest_path(settings).exists():
            return Pending({}, {}, load_ids, value, everything=True)
        needed = feeds_by_mart(settings)
        wanted = set().union(*needed.values())
        known = {row[0] for row in warehouse.execute(_KNOWN)}
        cohorts = marts_above_seed(settings, _COHORT_TABLE)
        found = {}
        for mart, tables in by_mart(published_marts(settings)).items():
            still = (standing or {}).get(mart, ())
            own = [
                (load, month) for load, feed, month, done in loads
                if feed in needed[mart] and mart not in done and month not in still
            ]  # fmt: skip
            changed = {month for _, month in own}
            months: list[date] | None = None
            if is_unchanged(warehouse, mart, value) and None not in changed:
                reach = max(table.reach_months for table in tables)
                months = sorted(
                    reached(changed, known, reach)
                    | (_tracked(warehouse, changed, known) if mart in cohorts else set())
                )
            found[mart] = MartPending(months, [load for load, _ in own])
    beside = {load: month for load, feed, month, _ in loads if feed not in wanted}
    return Pending(found, beside, load_ids, value)


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
