"""Bring the installation up, take it down, remove it.

Every step can be repeated; a step that finds its work done does nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

from orchestration.access import apply_people
from orchestration.engine.databases import connect, provision
from orchestration.engine.server import EmbeddedServer
from orchestration.engine.services import Service, all_services
from orchestration.errors import TelmartError
from orchestration.installation.credentials import write_credentials
from orchestration.refresh import dashboards
from orchestration.refresh.instance import write_config
from orchestration.refresh.manifest import prepare
from orchestration.settings import ROOT, Settings

Say = Callable[[str], None]


def start_engine(settings: Settings, say: Say) -> list[str]:
    """Start the database server (unless it is yours) and bring it to what this version needs.

    Databases, tables, people and their rights, the configuration of Dagster, the password file.

    Returns:
        What needs a human, in whole sentences.
    """
    if not settings.external_url:
        say("PostgreSQL: starting")
        EmbeddedServer(settings).start()
    say("PostgreSQL: databases, people and rights")
    provision(settings)
    notes = apply_people(settings).warnings
    write_config(settings)
    write_credentials(settings)
    return notes


def prepare_superset(settings: Settings) -> subprocess.Popen[bytes] | None:
    """Begin to make Superset's own tables, beside whatever else is going on.

    Returns:
        The process to hand to ``wait_for_superset``; None where Superset is not installed.
    """
    if not dashboards.is_installed():
        return None
    settings.logs.mkdir(parents=True, exist_ok=True)
    with (settings.logs / "superset-prepare.log").open("wb") as log:
        return subprocess.Popen(
            [str(dashboards.PYTHON), "-m", "superset_assets.deploy", "--prepare"],
            cwd=ROOT, env=settings.process_env(), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def wait_for_superset(settings: Settings, preparation: subprocess.Popen[bytes] | None) -> None:
    """Wait until Superset's own tables are made.

    Raises:
        TelmartError: they could not be made, with the last words of the log.
    """
    if preparation is None or preparation.wait() == 0:
        return
    log = settings.logs / "superset-prepare.log"
    words = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    raise TelmartError(
        f"Superset could not make its own tables: {words}",
        f"The whole log is {log}. Run the same command again.",
    )


def up(settings: Settings, say: Say) -> list[str]:
    """Start the database, then Superset and Dagster; deploy dashboards and people that changed.

    Returns:
        What needs a human, in whole sentences.

    Raises:
        TelmartError: a port is taken, a server is too old, a program does not start.
    """
    notes = start_engine(settings, say)
    say("Superset: its own tables")
    wait_for_superset(settings, prepare_superset(settings))
    services = all_services(settings)
    for service in services[:2]:
        start_service(service, say)
    if _has_published(settings) and dashboards.is_installed():
        prepare(settings)
        if not dashboards.is_deployed(settings):
            say("Superset: dashboards and people")
            dashboards.deploy(settings)
    for service in services[2:]:  # the watcher may refresh at once, so nothing else is going on
        start_service(service, say)
    return notes


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


def _has_published(settings: Settings) -> bool:
    with connect(settings) as warehouse:
        query = "select exists (select from status.data_state where published_at is not null)"
        return warehouse.execute(query).fetchone() == (True,)
