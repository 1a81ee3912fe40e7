"""The installation as a whole: bring it up, take it down, remove it.

Every step can be repeated; a step that finds its work done does nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

from orchestration.engine.credentials import write_credentials
from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.engine.services import Service, all_services
from orchestration.settings import ROOT, Settings

Say = Callable[[str], None]


def start_engine(settings: Settings, say: Say) -> None:
    """Start the database server (unless it is yours) and bring it to what this version needs."""
    if not settings.external_url:
        say("PostgreSQL: starting")
        EmbeddedServer(settings).start()
    say("PostgreSQL: databases and roles")
    provision(settings)
    write_credentials(settings)


def prepare_superset(settings: Settings) -> subprocess.Popen[bytes] | None:
    """Begin to make Superset's own tables, beside whatever else is going on.

    Returns:
        The process to wait for, or None where Superset is not installed.
    """
    python = ROOT / "superset_assets/.venv/bin/python"
    if not python.exists():
        return None
    settings.logs.mkdir(parents=True, exist_ok=True)
    with (settings.logs / "superset-prepare.log").open("wb") as log:
        return subprocess.Popen(
            [str(python), "-m", "superset_assets.deploy", "--prepare"],
            cwd=ROOT, env=settings.process_env(), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def up(settings: Settings, say: Say) -> None:
    """Start the database, then Superset and Dagster.

    Raises:
        TelmartError: a port is taken, a server is too old, a program does not start.
    """
    start_engine(settings, say)
    for service in all_services(settings):
        start_service(service, say)


def start_service(service: Service, say: Say) -> None:
    """Start one service, saying how long it has taken so far."""
    service.start(on_wait=lambda s: say(f"{service.name}: starting, {s:.0f} s"))


def down(settings: Settings) -> list[str]:
    """Stop the services, then the database. Returns the names of those that ran."""
    stopped = [s.name for s in all_services(settings) if s.stop()]
    if not settings.external_url:
        server = EmbeddedServer(settings)
        if server.is_running():
            server.stop()
            stopped.append("postgres")
    return stopped


def remove(settings: Settings) -> None:
    """Stop everything and delete ``settings.home``; an external server is left as it is."""
    down(settings)
    if not settings.external_url:
        EmbeddedServer(settings).remove()
    shutil.rmtree(settings.home, ignore_errors=True)
