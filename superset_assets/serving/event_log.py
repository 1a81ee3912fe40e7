"""Superset's log of who asked what, over a connection of its own.

6.1.0 writes it through the session of the request and commits there, after which every object the
request holds is read from the database again: a quarter of the time of a chart's question.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from superset.utils import json
from superset.utils.log import DBEventLogger

_log = logging.getLogger(__name__)


class EventLog(DBEventLogger):  # type: ignore[misc]
    """See the module."""

    def log(  # noqa: PLR0917 - as Superset calls it
        self,
        user_id: int | None,
        action: str,
        dashboard_id: int | None,
        duration_ms: int | None,
        slice_id: int | None,
        referrer: str | None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Write one row per record. A log that cannot be written stops nobody's work."""
        from superset import db  # noqa: PLC0415 - not there yet while the configuration is read
        from superset.models.core import Log  # noqa: PLC0415

        curated = kwargs.get("curated_payload")
        rows = [
            {
                "action": action,
                "json": _text_of(record),
                "dashboard_id": dashboard_id or record.get("dashboard_id"),
                "slice_id": slice_id or record.get("slice_id"),
                "duration_ms": duration_ms,
                "referrer": referrer,
                "user_id": user_id,
            }
            for record in kwargs.get("records") or ([curated] if curated else [])
        ]
        if not rows:
            return
        try:
            with db.engine.begin() as link:
                link.execute(Log.__table__.insert(), rows)
        except SQLAlchemyError:
            _log.exception("not logged: %s", action)


def _text_of(record: dict[str, Any]) -> str | None:
    """The record as JSON; None where it cannot be written so, as with Superset's own log."""
    try:
        return str(json.dumps(record))
    except Exception:  # whatever a record holds, the answer has to go out
        return None
