"""The sensor that looks at the landing area and starts a refresh when something new lies there."""

import time
from typing import Any

import dagster as dg

from orchestration.contracts import all_feeds
from orchestration.defs.refresh.lateness import report_lateness
from orchestration.errors import TelmartError
from orchestration.publication import refresh_notices
from orchestration.refresh.instance import JOB
from orchestration.refresh.watch import INTERVAL_S, RETRY_S, SENSOR_TAG, look
from orchestration.settings import Settings, settings

#: a run that was asked for and has not taken the lock yet
_ABOUT_TO_START_S = 300
_ALIVE = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def arrival_sensor(job: Any) -> dg.SensorDefinition:
    """The sensor of the job ``refresh``; it runs wherever the daemon does (TELMART_WATCH)."""
    known = _on(settings())

    @dg.sensor(
        name="arrival",
        job=job,
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a refresh when something new has arrived and is there as a whole.",
    )
    def arrival(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        here = settings()
        try:
            late = refresh_notices(here)  # time passes, also where nothing arrives
            report_lateness(context, here, late)
            if known != _on(here):
                # a run would follow the steps of before
                return dg.SkipReason("Feeds were switched; Dagster reads them within minutes.")
            seen = look(here)
        except TelmartError as error:
            return dg.SkipReason(f"{error.message} {error.remedy}")
        tried = _tried(context.instance, seen.key) if seen.key else []
        why_not = _not_now(context.instance, tried) if seen.key else "Nothing is started."
        if why_not:
            return dg.SkipReason(f"{seen.said} {why_not}")
        return dg.RunRequest(
            run_key=f"{seen.key}-{len(tried)}",
            run_config={"resources": {"refresh": {"config": {"settled_only": True}}}},
            tags={SENSOR_TAG: seen.key, "telmart/arrived": seen.said[:200]},
        )

    return arrival


def _on(here: Settings) -> dict[str, str]:
    """The feeds that are on, with the version of their contract."""
    return {feed.name: feed.version for feed in all_feeds(here).values() if feed.enabled}


def _tried(instance: dg.DagsterInstance, key: str) -> list[Any]:
    """Runs this state of the landing area has started, the latest first."""
    return list(instance.get_run_records(dg.RunsFilter(tags={SENSOR_TAG: key}), limit=50))


def _not_now(instance: dg.DagsterInstance, tried: list[Any]) -> str:
    """Why no run starts for what was seen; empty where one should."""
    now = time.time()
    alive = instance.get_run_records(dg.RunsFilter(job_name=JOB, statuses=_ALIVE), limit=5)
    if any(now - run.create_timestamp.timestamp() < _ABOUT_TO_START_S for run in alive):
        return "A refresh is about to start."
    if not tried:
        return ""
    latest = tried[0]
    name = latest.dagster_run.run_id[:8]
    if latest.dagster_run.status == dg.DagsterRunStatus.SUCCESS:
        return f"Run {name} saw it already."
    if now - (latest.end_time or latest.create_timestamp.timestamp()) < RETRY_S:
        return f"Run {name} did not succeed; the next follows after {RETRY_S // 60} minutes."
    return ""
