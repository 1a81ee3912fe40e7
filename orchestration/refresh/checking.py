"""The check steps: test, keep the results, hold what failed, lift what passes now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from orchestration.engine.databases import connect
from orchestration.publication import PublishedTable, open_hold, open_holds, resolve_holds
from orchestration.quality.arrival import check_arrival, window
from orchestration.quality.marts import check_mart
from orchestration.quality.results import Failure, failures, keep_outcomes
from orchestration.quality.rules import Outcome, Suite
from orchestration.refresh.progress import Stage, current
from orchestration.refresh.session import Session
from orchestration.refresh.work import ARRIVAL
from orchestration.settings import Settings


@dataclass
class Checked:
    """What became of one suite in one refresh."""

    suite: Suite
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Nothing that stops publication."""
        return not self.failures

    @property
    def warnings(self) -> list[Outcome]:
        """Failed, but only worth a look."""
        return [o for o in self.outcomes if not o.success and not o.blocks]


def check_feed(session: Session, feed: str) -> Checked:
    """Test what was loaded for ``feed`` and is not yet published.

    Raises:
        TelmartError: a rule could not be evaluated.
    """
    suite = session.arrival_suites[feed]
    checked = Checked(suite)
    with current().working(Stage.ARRIVAL), session.warehouse() as warehouse:
        found = window(warehouse, session.feeds[feed], suite)
        if found.periods:
            checked.outcomes = check_arrival(
                warehouse, session.validator, session.feeds, suite, found
            )
        _conclude(session, warehouse, checked, Stage.ARRIVAL)
    # Everything pending was tested, so a period without a failure has none any more.
    _raise_holds(session.settings, checked, feed, ARRIVAL)
    _lift_holds(session.settings, checked, feed, ARRIVAL, tested=None)
    return checked


def check_built(session: Session, table: PublishedTable) -> Checked:
    """Test the months of ``build.<table>`` that its mart is about to publish.

    Raises:
        TelmartError: a rule could not be evaluated.
    """
    suite = session.mart_suites[table.table]
    checked = Checked(suite)
    months: Sequence[date] = session.work.marts[table.mart].months
    with current().working(Stage.MARTS), session.warehouse() as warehouse:
        if months:
            checked.outcomes = check_mart(warehouse, session.validator, suite, months)
        _conclude(session, warehouse, checked, Stage.MARTS)
    _raise_holds(session.settings, checked, None, suite.name, marts=[table.mart])
    tested = {f"{month:%Y-%m}" for month in months}
    _lift_holds(session.settings, checked, None, suite.name, tested=tested)
    return checked


def _conclude(
    session: Session, warehouse: psycopg.Connection[Any], checked: Checked, stage: Stage
) -> None:
    keep_outcomes(warehouse, session.run_id, checked.suite, checked.outcomes)
    checked.failures = failures(checked.suite, checked.outcomes)
    for failure in checked.failures:
        current().fail(stage, failure.reason_en)
    rules = len({o.rule.id for o in checked.outcomes})
    said = f"{checked.suite.subject}: {rules} expectations" if rules else ""
    current().advance(stage, text=checked.suite.subject, say=said)


def _raise_holds(
    settings: Settings,
    checked: Checked,
    feed: str | None,
    check_name: str,
    marts: Sequence[str] | None = None,
) -> None:
    for failure in checked.failures:
        open_hold(
            settings,
            feed=feed,
            period=failure.period,
            check_name=check_name,
            reason=failure.reason,
            reason_en=failure.reason_en,
            marts=marts,
        )


def _lift_holds(
    settings: Settings,
    checked: Checked,
    feed: str | None,
    check_name: str,
    *,
    tested: set[str] | None,
) -> None:
    """Lift the holds of this check whose period was tested (None: all were) and did not fail."""
    failed = {failure.period for failure in checked.failures}
    with connect(settings) as warehouse:
        mine = [h for h in open_holds(warehouse) if h.feed == feed and h.check_name == check_name]
    for hold in mine:
        # a hold on several months together is lifted when none of those tested fails
        months = set((hold.period or "").split("..")) if tested is not None else set()
        if hold.period not in failed and (tested is None or months & tested):
            resolve_holds(settings, feed=feed, period=hold.period, check_name=check_name)
