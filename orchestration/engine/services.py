"""The programs beside the database: start, watch and stop them without a process manager.

A service is ours when the process in its pid file still carries the start time written there:
after a crash or a reboot the number alone could belong to anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from orchestration.errors import TelmartError
from orchestration.settings import ROOT, Settings

#: a quiet start-up of Superset takes 10 s, on a busy laptop four times as long
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 20
#: Dagster's daemon leaves a sign of life every 30 s
HEARTBEAT_S = 120
#: seconds since 1970 from the body: the column holds whatever the session's time zone made of it
_HEARTBEAT = """
    select (body::json ->> 'timestamp')::float from daemon_heartbeats where daemon_type = 'SENSOR'
"""


@dataclass(frozen=True)
class Service:
    """One program that answers HTTP on a local port (but see ``Watcher``).

    Attributes:
        name: as people know it.
        command: argument list.
        port: where it listens on 127.0.0.1.
        health: path that answers 200 once it is ready.
        port_setting: the variable that moves it to another port.
    """

    name: str
    command: list[str]
    port: int
    health: str
    port_setting: str
    settings: Settings
    env: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.settings.logs / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.settings.run_dir / f"{self.name}.pid"

    def process(self) -> psutil.Process | None:
        """Our running process, or None."""
        try:
            noted = json.loads(self._pid_file.read_text())
            process = psutil.Process(noted["pid"])
            same = abs(process.create_time() - noted["started"]) < 1
            alive = process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, KeyError, psutil.Error):
            return self._orphan()
        return process if same and alive else self._orphan()

    def _orphan(self) -> psutil.Process | None:
        """Our program without a pid file: whoever started it was killed before writing one."""
        mine = self.command[1:]
        for process in psutil.process_iter(["cmdline", "status"]):
            words = process.info["cmdline"] or []
            if words[-len(mine) :] == mine and process.info["status"] != psutil.STATUS_ZOMBIE:
                parent = process.parent()
                if parent is None or parent.cmdline()[-len(mine) :] != mine:  # not a worker
                    return process
        return None

    def is_healthy(self) -> bool:
        """Whether our process runs and answers its health address."""
        if self.process() is None:
            return False
        try:
            with urllib.request.urlopen(self.url + self.health, timeout=10) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def start(self, on_wait: Callable[[float], None] = lambda seconds: None) -> bool:
        """Start it unless it runs, and wait until it answers.

        Args:
            on_wait: called about twice a second with the seconds waited so far.

        Returns:
            True when it was started now, False when it was running already.

        Raises:
            TelmartError: the port is taken, or the program ended or stayed silent.
        """
        if self.process() is not None:
            if self.is_healthy():
                return False
            self.stop()  # it runs but does not answer: begin again
        self._require_free_port()
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        self.settings.run_dir.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                self.command,
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                cwd=ROOT, start_new_session=True, env=self.settings.process_env() | self.env,
            )  # fmt: skip
        started = psutil.Process(child.pid).create_time()
        self._pid_file.write_text(json.dumps({"pid": child.pid, "started": started}))
        began = time.monotonic()
        while not self.is_healthy():
            waited = time.monotonic() - began
            if child.poll() is not None:
                raise TelmartError(
                    f"{self.name} ended while starting: {self._last_words()}",
                    f"The whole log is {self.log}.",
                )
            if waited > START_TIMEOUT_S:
                self.stop()
                raise TelmartError(
                    f"{self.name} did not answer within {START_TIMEOUT_S} s.",
                    f"The log is {self.log}. Run the same command to try again.",
                )
            on_wait(waited)
            time.sleep(0.5)
        return True

    def stop(self) -> bool:
        """Stop it and its children. Returns whether it was running."""
        process = self.process()
        if process is not None:
            family = [process, *process.children(recursive=True)]
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            _, left = psutil.wait_procs(family, timeout=STOP_TIMEOUT_S)
            for stubborn in left:
                with contextlib.suppress(psutil.Error):
                    stubborn.kill()
        self._pid_file.unlink(missing_ok=True)
        return process is not None

    def _require_free_port(self) -> None:
        # A worker that outlived its killed parent lets go of the port within moments.
        for _ in range(20):
            with contextlib.closing(socket.socket()) as s:
                if s.connect_ex(("127.0.0.1", self.port)) != 0:
                    return
            time.sleep(0.25)
        raise TelmartError(
            f"Port {self.port} is taken by another program, so {self.name} cannot start.",
            f"Stop that program, or choose another port: {self.port_setting}={self.port + 1}.",
        )

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-8:]
        return "\n".join(lines).strip() or "it wrote nothing to its log"


@dataclass(frozen=True)
class Watcher(Service):
    """Dagster's daemon. It listens nowhere; it lives while it leaves its heartbeat in Dagster's
    database."""

    @property
    def url(self) -> str:
        return ""

    def is_healthy(self) -> bool:
        """Whether our process runs and has left a heartbeat of late, since it was started."""
        process = self.process()
        if process is None:
            return False
        try:
            with psycopg.connect(self.settings.metadata_url("dagster"), connect_timeout=5) as own:
                row = own.execute(_HEARTBEAT).fetchone()
        except psycopg.Error:  # also before Dagster has made its tables
            return False
        beat = row[0] if row else None
        if beat is None:
            return False
        now = time.time()
        return bool(beat > process.create_time() and now - beat < HEARTBEAT_S)

    def stop(self) -> bool:
        """Stop it, and the code servers that a killed one left behind. They would go by themselves
        within a minute, but not when the database goes first."""
        was_running = super().stop()
        for process in self.left_behind():
            with contextlib.suppress(psutil.Error):
                process.kill()
        return was_running

    def left_behind(self) -> list[psutil.Process]:
        """Code servers of this installation whose parent is gone."""
        found = []
        for process in psutil.process_iter(["cmdline", "ppid"]):
            words = process.info["cmdline"] or []
            if words[1:5] == ["-m", "dagster", "api", "grpc"] and process.info["ppid"] == 1:
                with contextlib.suppress(psutil.Error):
                    if process.environ().get("TELMART_HOME") == str(self.settings.home):
                        found.append(process)
        return found

    def _require_free_port(self) -> None:
        """It has none."""


def superset(settings: Settings) -> Service:
    """The dashboards."""
    port = settings.superset_port
    python = ROOT / "superset_assets/.venv/bin"
    return Service(
        name="superset",
        command=[
            str(python / "gunicorn"),
            "--config", str(ROOT / "superset_assets/gunicorn_config.py"),
            "--bind", f"127.0.0.1:{port}", "--workers", str(settings.superset_workers),
            "--pid", str(settings.run_dir / "gunicorn.pid"),
            "superset.app:create_app()",
        ],
        port=port,
        health="/health",
        port_setting="TELMART_SUPERSET_PORT",
        settings=settings,
        env={"SUPERSET_CONFIG_PATH": str(ROOT / "superset_assets/superset_config.py")},
    )  # fmt: skip


def dagster(settings: Settings) -> Service:
    """The jobs and their lineage. It has no login of its own, so it listens locally only."""
    port = settings.dagster_port
    return Service(
        name="dagster",
        command=[
            str(ROOT / ".venv/bin/dagster-webserver"),
            "-h", "127.0.0.1", "-p", str(port), "-m", "orchestration.definitions",
        ],
        port=port,
        health="/server_info",
        port_setting="TELMART_DAGSTER_PORT",
        settings=settings,
    )  # fmt: skip


def watcher(settings: Settings) -> Service:
    """Dagster's daemon, which asks the sensor what has arrived."""
    return Watcher(
        name="dagster-daemon",
        command=[
            str(ROOT / ".venv/bin/python"), "-m", "orchestration.engine.daemon",
            str(settings.home),
        ],
        port=0,
        health="",
        port_setting="",
        settings=settings,
    )  # fmt: skip


def all_services(settings: Settings) -> list[Service]:
    """Everything ``telmart up`` starts after the database; the watcher last, for a load that it
    begins must not meet a start."""
    watching = [watcher(settings)] if settings.watch else []
    return [superset(settings), dagster(settings), *watching]
