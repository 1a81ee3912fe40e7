"""Where things are and how they are reached: every path, port, address and secret in one place.

Everything can be changed by an environment variable; nothing is read from a machine-wide file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[1]

#: the warehouse owner; only jobs connect as this role, never a person
OWNER = "telmart"
#: the role Superset names in its database entry; it can see nothing and is swapped for the person's
GATE = "telmart_gate"


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

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``TELMART_*``; see docs/data-engineers.md for the list."""
        env = os.environ
        home = Path(env.get("TELMART_HOME") or ROOT / ".telmart").resolve()
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
        )

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
            self.home.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(fd, "w") as f:
                f.write(secrets.token_hex(32))
        return bytes.fromhex(path.read_text().strip())

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

    def process_env(self) -> dict[str, str]:
        """Environment for the programs we start: addresses, and every telemetry switched off."""
        url = urlsplit(self.database_url())
        return {
            **os.environ,
            "TELMART_HOME": str(self.home),
            "TELMART_LANDING": self.landing,
            "TELMART_PG_PORT": str(self.pg_port),
            "TELMART_SUPERSET_PORT": str(self.superset_port),
            "TELMART_DAGSTER_PORT": str(self.dagster_port),
            "TELMART_TIMEZONE": self.timezone,
            **({"TELMART_OPERATOR": str(self.operator)} if self.operator else {}),
            "PGHOST": url.hostname or "",
            "PGPORT": str(url.port or 5432),
            "PGUSER": unquote(url.username or ""),
            "PGPASSWORD": unquote(url.password or ""),
            "PGDATABASE": self.warehouse,
            "DAGSTER_HOME": str(self.home / "dagster"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "GX_ANALYTICS_ENABLED": "false",
            "PYTHONPATH": str(ROOT),
        }


def settings() -> Settings:
    """Settings of this process (read anew at each call: tests change the environment)."""
    return Settings.from_env()
