"""What can stand in the way on a machine, looked at before it does."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import psutil

from orchestration.access import audit
from orchestration.engine.databases import connect
from orchestration.engine.services import all_services
from orchestration.errors import TelmartError
from orchestration.loader.fetching import waiting
from orchestration.loader.landing import landing_folder
from orchestration.loader.remote import is_remote
from orchestration.settings import ROOT, Settings

NEEDED_DISK_GB = 2
NEEDED_MEMORY_GB = 4


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``ok``, ``warn`` (works, but look) or ``bad`` (will not work)."""

    level: Literal["ok", "warn", "bad"]
    text: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at disk, memory, ports, environments, database, landing area and services."""
    return [
        *_machine(settings),
        *_environments(),
        *_database(settings),
        *_landing(settings),
        *_services(settings),
    ]


def _machine(settings: Settings) -> Iterator[Finding]:
    where = settings.home if settings.home.exists() else settings.home.parent
    free = shutil.disk_usage(where).free / 1e9
    yield Finding(
        "ok" if free >= NEEDED_DISK_GB else "bad",
        f"{free:.1f} GB free on the disk of {settings.home}",
        "" if free >= NEEDED_DISK_GB else "Free some space, or set TELMART_HOME to another disk.",
    )
    memory = psutil.virtual_memory().total / 1e9
    yield Finding(
        "ok" if memory >= NEEDED_MEMORY_GB else "warn",
        f"{memory:.0f} GB of memory, {os.cpu_count()} cores",
        "" if memory >= NEEDED_MEMORY_GB else "The demo wants 4 GB; lower shared_buffers.",
    )


def _environments() -> Iterator[Finding]:
    for label, folder in (("telmart", ROOT), ("Superset", ROOT / "superset_assets")):
        there = (folder / ".venv/telmart-lock.sha256").exists()
        yield Finding(
            "ok" if there else "bad",
            f"{label}'s environment is {'installed' if there else 'not installed'}",
            "" if there else "Run `make install`.",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with connect(settings) as warehouse:
            version = warehouse.info.server_version // 10000
            yield Finding("ok", f"PostgreSQL {version} answers ({settings.warehouse})")
            open_doors = audit(warehouse)
            for fault in open_doors:
                yield Finding("bad", fault, "Run `telmart up`; it closes what it may close.")
            if not open_doors:
                yield Finding("ok", "Every published table is guarded, and nothing else is open")
    except TelmartError as error:
        yield Finding("bad", error.message, error.remedy)


def _landing(settings: Settings) -> Iterator[Finding]:
    if not is_remote(settings):
        folder = landing_folder(settings)
        yield (
            Finding("ok", f"The landing area is {folder}")
            if folder.is_dir()
            else Finding(
                "warn",
                f"The landing area {folder} is not there yet",
                "Files go to <landing>/<system>/<feed>/<period>/; TELMART_LANDING names another.",
            )
        )
        return
    try:
        late, _ = waiting(settings)
        said = f"{len(late)} periods to fetch" if late else "nothing new to fetch"
        yield Finding("ok", f"The landing area {settings.landing} answers, {said}")
    except TelmartError as error:
        yield Finding("bad", error.message, error.remedy)


def _services(settings: Settings) -> Iterator[Finding]:
    for service in all_services(settings):
        if service.is_healthy():
            where = f"answers at {service.url}" if service.url else "looks at the landing area"
            yield Finding("ok", f"{service.name} {where}")
        elif service.process() is not None:
            yield Finding("bad", f"{service.name} runs but does not answer", f"Read {service.log}.")
        else:
            with socket.socket() as s:
                port = service.port
                taken = port != 0 and s.connect_ex(("127.0.0.1", port)) == 0
            yield Finding(
                "bad" if taken else "warn",
                f"{service.name} does not run"
                + (f", and port {service.port} is taken by another program" if taken else ""),
                f"Set {service.port_setting} to a free port." if taken else "Run `telmart up`.",
            )
