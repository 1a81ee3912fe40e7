"""The sensor that looks at the landing area and starts a refresh when something new lies there."""

import time
from typing import Any

import dagster as dg

from orchestration.errors import TelmartError
from orchestration.refresh.instance import JOB
from orchestration.refresh.watch import INTERVAL_S, RETRY_S, SENSOR_TAG, look
from orchestration.settings import settings

#: a run that was asked for and has not taken the lock yet
_ABOUT_TO_START_S = 300


def arrival_sensor(job: Any) -> dg.SensorDefinition:
    """The sensor of the job ``refresh``; it runs wherever the daemon does (TELMART_WATCH)."""

    @dg.sensor(
        name="arrival",
        job=job,
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a refresh when something new has arrived and is there as a whole.",
    )
    def arrival(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        try:
            seen = look(settings())
        except TelmartError as error:
            return dg.SkipReason(f"{error.message} {error.remedy}")
        if not seen.key:
            return dg.SkipReason(seen.said)
        now = time.time()
        starting = context.instance.get_run_records(
            dg.RunsFilter(
                job_name=JOB,
                statuses=[
                    dg.DagsterRunStatus.NOT_STARTED,
                    dg.DagsterRunStatus.QUEUED,
                    dg.DagsterRunStatus.STARTING,
                    dg.DagsterRunStatus.STARTED,
                ],
            ),
            limit=5,
        )
        if any(now - r.create_timestamp.timestamp() < _ABOUT_TO_START_S for r in starting):
            return dg.SkipReason("A refresh is about to start.")
        earlier = context.instance.get_run_records(
            dg.RunsFilter(tags={SENSOR_TAG: seen.key}), limit=50
        )
        if earlier:
            latest = earlier[0]
            ended = latest.end_time or latest.create_timestamp.timestamp()
            if latest.dagster_run.status == dg.DagsterRunStatus.SUCCESS:
                return dg.SkipReason(f"Run {latest.dagster_run.run_id[:8]} saw it: {seen.said}")
            if now - ended < RETRY_S:
                return dg.SkipReason(
                    f"Run {latest.dagster_run.run_id[:8]} did not succeed;"
                    f" it is tried again after {RETRY_S // 60} minutes. {seen.said}"
                )
        return dg.RunRequest(
            run_key=f"{seen.key}-{len(earlier)}",
            run_config={"resources": {"refresh": {"config": {"settled_only": True}}}},
            tags={SENSOR_TAG: seen.key, "telmart/arrived": seen.said[:200]},
        )

    return arrival
