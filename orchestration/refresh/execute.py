"""``telmart run``: decide whether there is anything to do, then run the Dagster job right here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.publication import Hold, open_holds, refresh_notices, resolve_holds
from orchestration.publication import pending as pending_months
from orchestration.publication.manifest import feeds_by_mart
from orchestration.refresh.dashboards import is_deployed, is_installed
from orchestration.refresh.dbt_results import BESIDE
from orchestration.refresh.gathering import gather
from orchestration.refresh.instance import (
    DASHBOARDS_STEP,
    JOB,
    fail_stale_runs,
    open_instance,
)
from orchestration.refresh.lock import mark_environment, refresh_lock
from orchestration.refresh.manifest import is_fresh
from orchestration.refresh.progress import Progress, Stage, watching
from orchestration.refresh.work import note_work, parse_month, waiting_notes
from orchestration.settings import Settings


@dataclass
class Outcome:
    """What a refresh came to.

    Attributes:
        nothing_to_do: neither extracts nor models nor dashboards changed.
        success: everything that was complete is published.
        run_id: the Dagster run; empty when none was needed.
        failed_steps: step and reason.
        holds: what is open now; those that block stop publication.
        going: marts that none of them stops.
        missed: sources that could not be read; what was there was processed all the same.
    """

    nothing_to_do: bool = False
    success: bool = True
    run_id: str = ""
    failed_steps: dict[str, str] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    going: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Needs:
    """What there is to do, found without starting Dagster, dbt or Great Expectations.

    Attributes:
        arrivals: feed-months in the landing area that are not loaded as they are.
        months: whether months have to be built.
        dashboards: whether the dashboards have to be deployed.
        holds: whether something is held, which a run may find mended.
        notes: months that wait, and for what.
    """

    arrivals: int
    months: bool
    dashboards: bool
    holds: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether a run would change nothing."""
        return not (self.arrivals or self.months or self.dashboards or self.holds)

    @property
    def only_dashboards(self) -> bool:
        """Whether the data are as they should be."""
        return not (self.arrivals or self.months or self.holds)


def survey(
    settings: Settings, month: str | None = None, full: bool = False, reason: str = ""
) -> Needs:
    """Look at the landing area, the ledger and the fingerprints."""
    from orchestration.loader import pending as pending_arrivals  # noqa: PLC0415

    arrivals = [a for a in pending_arrivals(settings) if not month or a.period.startswith(month)]
    dashboards = is_installed() and not (is_fresh(settings) and is_deployed(settings))
    if full or not is_fresh(settings):
        return Needs(len(arrivals), months=True, dashboards=dashboards, holds=True)
    if not arrivals and not month and pending_months(settings).is_empty:
        _lift_obsolete(settings)
    work = note_work(settings, month, reason=reason)
    return Needs(
        arrivals=len(arrivals),
        months=bool(work.months),
        dashboards=dashboards,
        holds=bool(_holds(settings)),
        notes=waiting_notes(work),
    )


def refresh(
    settings: Settings,
    progress: Progress,
    month: str | None = None,
    full: bool = False,
    reason: str = "",
) -> Outcome:
    """Run the job in this process, recorded in the installation's Dagster instance.

    Raises:
        TelmartError: another refresh is at work, the warehouse does not answer, the project
            cannot be parsed.
    """
    if month:
        parse_month(month)
    mark_environment()
    with refresh_lock(settings):
        with progress.working(Stage.PREPARE) as line:
            missed = gather(settings, progress, month)
            line.text = "looking at what arrived"
            progress.show()
            needs = survey(settings, month, full, reason)
            line.text = ""
            refresh_notices(settings)
            if needs.nothing:
                progress.notes += needs.notes
                return Outcome(nothing_to_do=True, missed=missed)
            progress.lines[Stage.LOAD].total = needs.arrivals
        config = {"month": month or "", "full": full, "reason": reason}
        outcome = _run(settings, progress, needs, config)
        outcome.missed = missed
        return outcome


def _run(settings: Settings, progress: Progress, needs: Needs, config: dict[str, Any]) -> Outcome:
    with progress.working(Stage.PREPARE) as line:
        line.text = "reading the models" if is_fresh(settings) else "parsing the models"
        progress.show()
        import dagster as dg  # noqa: PLC0415

        from orchestration.defs import load  # noqa: PLC0415

        defs = load(settings)
        instance = open_instance(settings)
        fail_stale_runs(instance)
        job = defs.resolve_job_def(JOB)
        line.text = ""
    selection = dg.AssetSelection.groups("dashboards") if needs.only_dashboards else None
    keys = selection.resolve(defs.resolve_asset_graph()) if selection else None
    with watching(progress):
        result = job.execute_in_process(
            instance=instance,
            run_config={
                "resources": {"refresh": {"config": config}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            tags={"telmart/started-by": "telmart run"},
            asset_selection=sorted(keys) if keys else None,
            raise_on_error=False,
        )
    failed = {
        event.step_key or "": _reason(event) for event in result.all_events if event.is_step_failure
    }
    holds = _holds(settings)
    return Outcome(
        success=result.success and not holds,
        run_id=result.run_id,
        failed_steps=failed,
        holds=holds,
        going=[m for m in feeds_by_mart(settings) if not any(hold.stops(m) for hold in holds)],
    )


def _reason(event: Any) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else "unknown"


def _lift_obsolete(settings: Settings) -> None:
    """Nothing waits to be loaded and every load is published: whatever was held is over (a bad
    file that was taken away again, say), but for models that have to be mended."""
    for hold in _holds(settings):
        if hold.check_name == BESIDE:
            continue
        resolve_holds(settings, feed=hold.feed, period=hold.period, check_name=hold.check_name)


def _holds(settings: Settings) -> list[Hold]:
    with connect(settings) as warehouse:
        return open_holds(warehouse)


def explain(outcome: Outcome) -> TelmartError:
    """The error to end with when a refresh did not succeed."""
    blocking = [hold for hold in outcome.holds if hold.blocks]
    if blocking:
        held = sorted({mart for hold in blocking for mart in hold.marts or ()})
        what = f"Not published: {', '.join(held)}" if outcome.going else "Nothing was published"
        return TelmartError(
            f"{what}: {_told(blocking)}.",
            "People keep seeing the last published state. Load a corrected file, then run again."
            " `telmart status` and the Dagster UI show more.",
        )
    if outcome.holds and DASHBOARDS_STEP not in outcome.failed_steps:
        return TelmartError(
            f"What is complete is published, but not all is well: {_told(outcome.holds)}.",
            "Nothing published is built from these. Load corrected files, then run again.",
        )
    what = "; ".join(f"{step}: {reason}" for step, reason in outcome.failed_steps.items())
    return TelmartError(f"The refresh failed in {what}", "The Dagster UI shows the whole run.")


def _told(holds: list[Hold]) -> str:
    return "; ".join(hold.reason_en.rstrip(".") for hold in holds)
