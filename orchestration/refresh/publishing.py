"""The publish step of a mart: what was built and checked becomes what people read."""

from __future__ import annotations

from orchestration.engine.databases import connect
from orchestration.publication import PublishResult, publish, refresh_notices, resolve_holds
from orchestration.publication.fingerprint import note
from orchestration.refresh.instance import UNEXPLAINED
from orchestration.refresh.progress import Stage, current
from orchestration.refresh.session import Session


def publish_work(session: Session, mart: str) -> PublishResult:
    """Copy the months of this refresh to the served tables of a mart, and note their loads.

    Raises:
        TelmartError: a hold is open, or a table cannot be guarded; nothing was published.
    """
    work = session.work.marts[mart]
    with current().working(Stage.PUBLISH):
        # Reaching this step means that every step before it succeeded.
        resolve_holds(session.settings, check_name=UNEXPLAINED)
        if not work.months:
            return PublishResult([])
        # by name, also when everything was built: `build` may have months that wait for a feed
        result = publish(
            session.settings, work.months, work.load_ids,
            marts=[mart], reason=session.reason, rebuilt=work.everything,
        )  # fmt: skip
        refresh_notices(session.settings)
        if work.everything:
            # All complete months were made with these models; the others were never published.
            with connect(session.settings) as warehouse:
                note(warehouse, mart, session.work.fingerprint)
                warehouse.commit()
        current().advance(
            Stage.PUBLISH,
            text=f"{len(result.months)} months, {sum(result.rows.values()):,} rows",
            say=f"{mart}: {len(result.months)} months, {sum(result.rows.values()):,} rows",
        )
    return result
