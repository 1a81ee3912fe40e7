"""What the steps of a refresh share, as a Dagster resource: one session, one lock."""

import contextlib

import dagster as dg
from pydantic import Field, PrivateAttr

from orchestration.refresh.gathering import gather
from orchestration.refresh.instance import fail_stale_runs
from orchestration.refresh.lock import mark_environment, refresh_lock
from orchestration.refresh.progress import current
from orchestration.refresh.session import Session
from orchestration.refresh.watch import SENSOR_TAG
from orchestration.settings import settings

#: how long a run of the sensor waits for a refresh that began just before it
SENSOR_PATIENCE_S = 1800


class Refresh(dg.ConfigurableResource):
    """One refresh. The in-process executor makes it once per run, before the first step."""

    month: str = Field(default="", description="Only this month, like 2026-10; empty: all pending.")
    full: bool = Field(default=False, description="Build every month anew.")

    reason: str = Field(
        default="", description="Why published months are changed; kept with the restatement."
    )
    settled_only: bool = Field(
        default=False, description="Leave alone files that may still be on their way."
    )

    _session: Session | None = PrivateAttr(default=None)
    _stack: contextlib.ExitStack = PrivateAttr(default_factory=contextlib.ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Take the lock; a second refresh fails here, before it touches anything."""
        mark_environment()
        here, run_id = settings(), context.run.run_id if context.run else ""
        # Nobody waits at a terminal for a run of the sensor, and nothing would start it again.
        by_sensor = context.run is not None and SENSOR_TAG in context.run.tags
        patience = SENSOR_PATIENCE_S if by_sensor else 0
        taken = self._stack.enter_context(refresh_lock(here, patience))
        if taken and context.instance is not None:
            fail_stale_runs(context.instance, but=run_id)
        if taken:  # `telmart run` has done it before it decided to start this
            gather(here, current(), self.month or None)
        self._session = Session(
            here,
            run_id,
            self.month or None,
            self.full,
            settled_only=self.settled_only,
            reason=self.reason,
        )
        self._stack.callback(self._session.close)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Write the Data Docs and let go of the lock."""
        self._stack.close()

    @property
    def session(self) -> Session:
        """The session of this run."""
        assert self._session is not None  # noqa: S101 - Dagster sets resources up before steps
        return self._session
