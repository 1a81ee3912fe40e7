"""The Dagster instance of this installation: its storage is a database beside the warehouse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

JOB = "refresh"
DASHBOARDS_STEP = "superset"
#: the check that a hold names when a step failed without a reason for people
UNEXPLAINED = "refresh"
_YAML = """\
# Written by telmart at each start; changes are lost.
telemetry:
  enabled: false
nux:
  enabled: false
storage:
  postgres:
    postgres_url: "{url}"
compute_logs:
  module: dagster._core.storage.local_compute_log_manager
  class: LocalComputeLogManager
  config:
    base_dir: "{home}/compute_logs"
# Runs start at once, also where no daemon runs; the refresh lock lets only one run anyway.
run_coordinator:
  module: dagster._core.run_coordinator
  class: DefaultRunCoordinator
retention:
  sensor:
    purge_after_days:
      skipped: 1
      success: 30
      failure: 30
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config:
    base_dir: "{home}"
"""


def write_config(settings: Settings) -> None:
    """Write ``<home>/dagster/dagster.yaml`` (mode 0600: it holds a password) where it differs."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    # Dagster speaks psycopg2; a bare postgresql:// would be psycopg 3 with this SQLAlchemy.
    url = settings.metadata_url("dagster").replace("postgresql://", "postgresql+psycopg2://", 1)
    text = _YAML.format(url=url, home=folder)
    path = folder / "dagster.yaml"
    if path.exists() and path.read_text() == text:
        return
    staged = path.with_suffix(".new")
    descriptor = os.open(staged, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    staged.replace(path)


def open_instance(settings: Settings) -> DagsterInstance:
    """The instance, for a process that runs the job.

    It keeps a connection: by default Dagster opens one per event, which costs seconds a run.
    """
    import dagster as dg  # noqa: PLC0415

    write_config(settings)
    os.environ |= {"DAGSTER_HOME": str(settings.home / "dagster"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    instance = dg.DagsterInstance.get()
    instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=3600, max_overflow=4)
    return instance


def fail_stale_runs(instance: DagsterInstance, but: str | None = None) -> list[str]:
    """Mark runs whose process is gone as failed. Call it only while holding the refresh lock.

    Args:
        but: the run that is asking.

    Returns:
        The ids of the runs it marked.
    """
    import dagster as dg  # noqa: PLC0415

    alive = [
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
    stale = instance.get_runs(dg.RunsFilter(statuses=alive))
    for run in stale:
        if run.run_id != but:
            instance.report_run_failed(run, "Its process is gone; the next refresh carried on.")
    return [run.run_id for run in stale if run.run_id != but]
