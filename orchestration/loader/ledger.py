"""The ledger: one row per attempt, one current load per feed and period."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from orchestration.contracts import Feed, Period
from orchestration.errors import TelmartError
from orchestration.loader.result import LoadResult

#: the server needs a moment to see that a killed loader is gone
_LOCK_PATIENCE_S = 4.0


@dataclass(frozen=True)
class Entry:
    """The current load of a period, as far as a later load needs to know it."""

    load_id: int
    files: list[dict[str, Any]]
    manifest: dict[str, Any] | None
    contract_version: str
    rows_loaded: int

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The files the sender sent; corrections from quarantine are not among them."""
        return [f for f in self.files if not f.get("correction")]


def lock(connection: Connection[Any], feed: Feed, period: Period) -> None:
    """Make this connection the only loader of this period. Holds until the connection closes.

    Raises:
        TelmartError: another load of the same is running; names it.
    """
    key = f"telmart.load:{feed.name}:{period.text}"
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        row = connection.execute(
            "select pg_try_advisory_lock(hashtextextended(%s, 0))", [key]
        ).fetchone()
        connection.commit()
        if row and row[0]:
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.25)
    other = connection.execute(
        "select load_id, to_char(started_at, 'HH24:MI:SS'), backend_pid from ops.load"
        " where feed = %s and period = %s and state = 'running' order by load_id desc limit 1",
        [feed.name, period.text],
    ).fetchone()
    named = f"load {other[0]}, since {other[1]}, server process {other[2]}" if other else "starting"
    message = f"{feed.name} {period.text} is being loaded by another process ({named})."
    connection.execute(
        "insert into ops.load (feed, period, period_date, state, contract_version, error,"
        " finished_at) values (%s, %s, %s, 'skipped', %s, %s, clock_timestamp())",
        [feed.name, period.text, period.value, feed.version, message],
    )
    connection.commit()
    raise TelmartError(message, "Wait for it to end; `telmart feeds` shows how it went.")


def bury_dead(connection: Connection[Any], feed: Feed, period: Period) -> int:
    """Mark attempts that a killed process left as running. Call with the lock held. Commits."""
    done = connection.execute(
        "update ops.load set state = 'failed', finished_at = clock_timestamp(),"
        " error = 'The loading process ended before it was done; nothing of it was kept.',"
        " remedy = 'Load the same files again.'"
        " where feed = %s and period = %s and state = 'running'",
        [feed.name, period.text],
    )
    connection.commit()
    return done.rowcount


def current(connection: Connection[Any], feed: Feed, period: Period) -> Entry | None:
    """The load whose rows are in raw now."""
    row = connection.execute(
        "select load_id, files, manifest, contract_version, rows_loaded from ops.load"
        " where feed = %s and period = %s and is_current",
        [feed.name, period.text],
    ).fetchone()
    return Entry(*row) if row else None


def begin(
    connection: Connection[Any], feed: Feed, period: Period, manifest: dict[str, Any] | None
) -> int:
    """Open a ledger row for an attempt and return its id. Commits."""
    row = connection.execute(
        "insert into ops.load (feed, period, period_date, state, contract_version, manifest,"
        " backend_pid) values (%s, %s, %s, 'running', %s, %s, pg_backend_pid())"
        " returning load_id",
        [
            feed.name, period.text, period.value, feed.version,
            Jsonb(manifest) if manifest is not None else None,
        ],
    ).fetchone()  # fmt: skip
    connection.commit()
    assert row is not None  # noqa: S101 - `returning` gives the inserted row
    return int(row[0])


def finish(connection: Connection[Any], result: LoadResult, files: list[dict[str, Any]]) -> None:
    """Close the ledger row of ``result``. Does not commit: a loaded period and its row are one."""
    if result.state == "loaded" and result.replaced_load_id is not None:
        connection.execute(
            "update ops.load set is_current = false where load_id = %s", [result.replaced_load_id]
        )
    connection.execute(
        "update ops.load set state = %(state)s, is_current = %(current)s, path = %(path)s,"
        " files = %(files)s, rows_read = %(read)s, rows_loaded = %(loaded)s,"
        " rows_quarantined = %(bad)s, control_totals = %(totals)s,"
        " replaced_load_id = %(replaced)s, error = %(error)s, remedy = %(remedy)s,"
        " drift = %(drift)s,"
        " finished_at = clock_timestamp() where load_id = %(load_id)s",
        {
            "state": result.state,
            "current": result.state == "loaded",
            "path": result.path,
            "files": Jsonb(files, dumps=_dumps),
            "read": result.rows_read,
            "loaded": result.rows_loaded,
            "bad": result.rows_quarantined,
            "totals": Jsonb(result.control_totals),
            "replaced": result.replaced_load_id,
            "error": result.error or None,
            "remedy": result.remedy or None,
            "drift": Jsonb(result.drift),
            "load_id": result.load_id,
        },
    )


def remember_times(connection: Connection[Any], load_id: int, files: list[dict[str, Any]]) -> None:
    """Keep new modification times of files whose content has not changed. Does not commit."""
    connection.execute("update ops.load set files = %s where load_id = %s", [Jsonb(files), load_id])


def _dumps(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False, default=lambda v: str(v) if isinstance(v, Decimal) else v
    )
