"""Where things are and how they are reached: every path, port, address and secret in one place.

Everything can be changed by an environment variable; nothing is read from a machine-wide file.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from orchestration.errors import TelmartError

ROOT = Path(__file__).resolve().parents[1]

#: the warehouse owner; only jobs connect as this role, never a person
OWNER = "telmart"
#: the role Superset names in its database entry; it can see nothing and is swapped for the person's
GATE = "telmart_gate"
_KEY_BYTES = 32
#: each takes some 300 MB of memory; more are a decision of whoever runs the server
_MOST_WORKERS = 4
#: what an address may carry after its ?, and how libpq's programs are told
_LIBPQ = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "options": "PGOPTIONS",
}


@dataclass(frozen=True)
class Settings:
    """Settings of one installation, read once from the environment.

    ``home`` holds all state that is not in the repository: database files, landing area, logs,
    secrets. Two installations with different ``TELMART_HOME`` and ports do not touch each other.
    """

    home: Path
    landing: str
    external_url: str | None
    pg_port: int
    superset_port: int
    dagster_port: int
    timezone: str
    operator: Path | None
    #: whether a sensor loads what arrives by itself
    watch: bool = True
    #: processes that answer for the dashboards; one alone uses one core, whoever waits
    superset_workers: int = 1

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``TELMART_*`` from the environment and, below it, from ``<home>/telmart.env``.

        docs/data-engineers.md has the list.
        """
        home = Path(os.environ.get("TELMART_HOME") or ROOT / ".telmart").resolve()
        env = {**_from_file(home), **os.environ}
        operator = env.get("TELMART_OPERATOR")
        return cls(
            home=home,
            landing=env.get("TELMART_LANDING") or str(home / "landing"),
            external_url=env.get("TELMART_DATABASE_URL") or None,
            pg_port=int(env.get("TELMART_PG_PORT") or 15432),
            superset_port=int(env.get("TELMART_SUPERSET_PORT") or 18088),
            dagster_port=int(env.get("TELMART_DAGSTER_PORT") or 13000),
            timezone=env.get("TELMART_TIMEZONE") or "Asia/Shanghai",
            operator=Path(operator).resolve() if operator else None,
            watch=env.get("TELMART_WATCH") != "off",
            superset_workers=_workers(env.get("TELMART_SUPERSET_WORKERS")),
        )

    def variable(self, name: str) -> str | None:
        """A variable that is not telmart's own (a key of a storage service, the address of a
        source), from the environment or ``<home>/telmart.env``. None where it is empty.
        """
        return {**_from_file(self.home), **os.environ}.get(name) or None

    # ---- folders -------------------------------------------------------------------------
    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def run_dir(self) -> Path:
        return self.home / "run"

    @property
    def credentials_file(self) -> Path:
        """What people are told to open: names and generated passwords, mode 0600."""
        return self.home / "credentials.txt"

    @property
    def contracts_dir(self) -> Path:
        """Contracts of this operator, or the standard ones."""
        return (self.operator / "contracts") if self.operator else ROOT / "expectations/contracts"

    # ---- secrets -------------------------------------------------------------------------
    @cached_property
    def _key(self) -> bytes:
        path = self.home / "secret.key"
        if not path.exists():
            self._make_key(path)
        try:
            key = bytes.fromhex(path.read_text().strip())
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise TelmartError(
                f"{path} does not hold a key of {_KEY_BYTES} bytes, so no password can be derived.",
                "Put it back from your backup. Only if this installation holds nothing yet,"
                " delete the file and a new one is made.",
            )
        return key

    def _make_key(self, path: Path) -> None:
        # Written aside and linked into place: nobody ever reads a key that is half written, and
        # of two processes that start together one wins.
        self.home.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f"secret.key.{os.getpid()}")
        staged.unlink(missing_ok=True)
        fd = os.open(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(secrets.token_hex(_KEY_BYTES))
            f.flush()
            os.fsync(f.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(staged, path)
        staged.unlink()

    def secret(self, name: str, length: int = 20) -> str:
        """A password or signing key derived from this installation's one key.

        Derived, so that a second run names the same passwords and no list of them has to be kept.
        """
        digest = hmac.new(self._key, name.encode(), hashlib.sha512).hexdigest()
        return digest[:length]

    # ---- addresses -----------------------------------------------------------------------
    def database_url(self, database: str | None = None, user: str | None = None) -> str:
        """Address of a database, as the owner or as ``user`` (a person's or a service's role).

        ``database`` defaults to the warehouse: the one named in ``TELMART_DATABASE_URL``, or
        ``telmart`` on the embedded server.
        """
        if self.external_url:
            parts = urlsplit(self.external_url)
            db = database or parts.path.lstrip("/") or "telmart"
            netloc = parts.netloc
            if user:
                host = netloc.rpartition("@")[2]
                netloc = f"{quote(user)}:{self.secret('pg:' + user)}@{host}"
            return urlunsplit((parts.scheme, netloc, f"/{db}", parts.query, ""))
        who = user or OWNER
        auth = f"{quote(who)}:{self.secret('pg:' + who)}"
        return f"postgresql://{auth}@127.0.0.1:{self.pg_port}/{database or 'telmart'}"

    @property
    def warehouse(self) -> str:
        """Name of the warehouse database."""
        return urlsplit(self.database_url()).path.lstrip("/")

    @property
    def metadata_databases(self) -> dict[str, str]:
        """Databases of Dagster and Superset, beside the warehouse on the same server."""
        return {"dagster": f"{self.warehouse}_dagster", "superset": f"{self.warehouse}_superset"}

    def metadata_url(self, service: str) -> str:
        """Address of the database of ``dagster`` or ``superset``, as its own role.

        That role owns nothing else: a fault in a service is not a fault in the warehouse.
        """
        database = self.metadata_databases[service]
        return self.database_url(database, user=database)

    def libpq_env(self, user: str | None = None) -> dict[str, str]:
        """The warehouse's address for programs that read libpq's variables (psql, dbt)."""
        url = urlsplit(self.database_url(user=user))
        extra = {_LIBPQ[k]: v for k, v in parse_qsl(url.query) if k in _LIBPQ}
        return {
            "PGHOST": url.hostname or "",
            "PGPORT": str(url.port or 5432),
            "PGUSER": unquote(url.username or ""),
            "PGPASSWORD": unquote(url.password or ""),
            "PGDATABASE": self.warehouse,
            **extra,
        }

    def process_env(self) -> dict[str, str]:
        """Environment for the programs we start: addresses, and every telemetry switched off."""
        return {
            **_from_file(self.home),
            **os.environ,
            "TELMART_HOME": str(self.home),
            "TELMART_LANDING": self.landing,
            "TELMART_PG_PORT": str(self.pg_port),
            "TELMART_SUPERSET_PORT": str(self.superset_port),
            "TELMART_DAGSTER_PORT": str(self.dagster_port),
            "TELMART_TIMEZONE": self.timezone,
            "TELMART_WATCH": "on" if self.watch else "off",
            **({"TELMART_OPERATOR": str(self.operator)} if self.operator else {}),
            **self.libpq_env(),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "GX_ANALYTICS_ENABLED": "false",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "PYTHONPATH": str(ROOT),
        }


def _workers(said: str | None) -> int:
    if not said:
        return min(os.cpu_count() or 1, _MOST_WORKERS)
    if not (said.isdecimal() and int(said)):
        raise TelmartError(
            f"TELMART_SUPERSET_WORKERS is {said}, which is no number of processes.",
            "Write 1 or more, or leave it out for one per core.",
        )
    return int(said)


def _from_file(home: Path) -> dict[str, str]:
    """``<home>/telmart.env``: NAME=value lines, for what starts without a shell (cron, systemd)."""
    path = home / "telmart.env"
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def settings() -> Settings:
    """Settings of this process (read anew at each call: tests change the environment)."""
    return Settings.from_env()
