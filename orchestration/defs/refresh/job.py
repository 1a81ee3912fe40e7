"""The job ``refresh``: everything from the landing area to the dashboards."""

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError

from orchestration.defs.refresh.lateness import lateness_checks
from orchestration.defs.refresh.resource import Refresh
from orchestration.defs.refresh.sensor import arrival_sensor
from orchestration.engine.databases import connect
from orchestration.publication import open_hold, open_holds
from orchestration.refresh.instance import DASHBOARDS_STEP, JOB, UNEXPLAINED
from orchestration.settings import Settings, settings


@dg.failure_hook
def hold_unexplained(context: dg.HookContext) -> None:
    """A step that failed without telling people why (a bug, a full disk) holds publication too.

    Not the dashboards: when they fail, the data are published already.
    """
    here, step, run = settings(), context.op.name, context.run_id[:8]
    if step == DASHBOARDS_STEP:
        return
    with connect(here) as warehouse:
        holds = open_holds(warehouse)
    # a load that was refused and a check that failed have said so in a hold of their own
    told = isinstance(context.op_exception, dg.Failure | DagsterAssetCheckFailedError)
    if any(hold.blocks or told for hold in holds):
        return
    open_hold(
        here,
        check_name=UNEXPLAINED,
        reason=f"更新任务在步骤 {step} 失败，数据工程师可在 Dagster 中查看运行 {run}。",
        reason_en=f"The refresh failed in step {step}; engineers see run {run} in Dagster.",
    )


def definitions(here: Settings) -> dg.Definitions:
    """The job runs in one process: its steps share one lock and one quality context, and a process
    per step would pay the imports (10 s) every time."""
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        hooks={hold_unexplained},
        description="Load what arrived, check it, build the marts, check them, publish.",
    )
    return dg.Definitions(
        jobs=[job],
        asset_checks=lateness_checks(here),
        sensors=[arrival_sensor(job)],
        resources={"refresh": Refresh()},
        # also for what somebody materialises by hand in the UI
        executor=dg.in_process_executor,
    )
