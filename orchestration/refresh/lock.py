"""One refresh at a time, whoever starts it, and clearing up after one that was killed.

The lock is an advisory lock on a connection of its own: it is gone the moment its process is, so
no stale lock file can block the next run.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg

from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.settings import Settings

#: everything a refresh opens on the server carries this name
APPLICATION = "telmart refresh"
_KEY = "hashtext('telmart.refresh')"
_HOLDER = """
    select a.backend_start, a.application_name
    from pg_locks as l join pg_stat_activity as a using (pid)
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and l.database = (select oid from pg_database where datname = current_database())
        and l.objid = (hashtext('telmart.refresh')::bigint & 4294967295)::oid
"""
_LEFTOVERS = """
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
        and starts_with(application_name, %s)
"""
_held: list[int] = []


@contextlib.contextmanager
def refresh_lock(settings: Settings, patience_s: float = 0) -> Iterator[bool]:
    """Hold the lock; yields whether it was taken now (False: this process had it already).

    Whoever gets the lock first clears up what a killed refresh left: its dbt process and the
    statements that the server is still working on for it.

    Args:
        patience_s: how long to wait for another refresh to end; people are told at once instead.

    Raises:
        TelmartError: another refresh is at work.
    """
    if _held:
        yield False
        return
    with connect(settings, autocommit=True, application_name=_name()) as connection:
        deadline = time.monotonic() + patience_s
        while not _take(connection):
            if time.monotonic() >= deadline:
                raise TelmartError(
                    _already(connection), "Wait for it; `telmart status` shows more."
                )
            time.sleep(1)
        _held.append(os.getpid())
        try:
            end_orphan(settings)
            connection.execute(_LEFTOVERS, [APPLICATION])
            yield True
        finally:
            _held.clear()


def is_at_work(settings: Settings) -> bool:
    """Whether some process is refreshing now."""
    with connect(settings, autocommit=True) as connection:
        return connection.execute(_HOLDER).fetchone() is not None


def mark_environment() -> None:
    """Let every connection of this process and its children carry the name, and have the server
    notice within seconds when its client is gone instead of finishing a long statement."""
    os.environ["PGAPPNAME"] = APPLICATION
    option = "-c client_connection_check_interval=2000"
    given = os.environ.get("PGOPTIONS", "")
    if option not in given:
        os.environ["PGOPTIONS"] = f"{given} {option}".strip()


def note_child(settings: Settings, pid: int) -> None:
    """Remember a program we started, so that the next refresh can end it should we be killed."""
    with contextlib.suppress(psutil.Error):
        started = psutil.Process(pid).create_time()
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        _child_file(settings).write_text(json.dumps({"pid": pid, "started": started}))


def forget_child(settings: Settings) -> None:
    """The program ended by itself."""
    _child_file(settings).unlink(missing_ok=True)


def end_orphan(settings: Settings) -> bool:
    """End the program a killed refresh left behind. Returns whether there was one."""
    try:
        noted = json.loads(_child_file(settings).read_text())
        process = psutil.Process(noted["pid"])
        ours = abs(process.create_time() - noted["started"]) < 1
    except (OSError, ValueError, KeyError, psutil.Error):
        ours = False
    if ours:
        family = [process, *process.children(recursive=True)]
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
        psutil.wait_procs(family, timeout=10)
    forget_child(settings)
    return ours


def _child_file(settings: Settings) -> Path:
    return settings.run_dir / "refresh-child.json"


def _name() -> str:
    return f"{APPLICATION}: process {os.getpid()} on {socket.gethostname()}"[:63]


def _take(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(f"select pg_try_advisory_lock({_KEY})").fetchone()
    return bool(row and row[0])


def _already(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(_HOLDER).fetchone()
    if row is None:
        return "Another refresh is at work."
    return f"Another refresh is at work since {row[0]:%H:%M:%S} ({row[1]})."
