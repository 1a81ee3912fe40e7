"""Databases, service roles and the warehouse's own tables, on whichever server is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from orchestration.engine.server import MINIMUM_VERSION
from orchestration.errors import TelmartError
from orchestration.settings import GATE, Settings

MIGRATIONS = Path(__file__).with_name("migrations")


def connect(
    settings: Settings, *, user: str | None = None, autocommit: bool = False, **kw: Any
) -> psycopg.Connection[Any]:
    """Connect to the warehouse as its owner, or as ``user``."""
    try:
        return psycopg.connect(
            settings.database_url(user=user), autocommit=autocommit, connect_timeout=10, **kw
        )
    except psycopg.OperationalError as error:
        raise TelmartError(
            f"The warehouse does not answer: {str(error).strip()}",
            "Run `telmart up` first, or check TELMART_DATABASE_URL.",
        ) from error


def provision(settings: Settings) -> list[str]:
    """Bring the server to what this version needs: databases, the gate role, the migrations.

    Idempotent. Returns the names of the migrations it applied.

    Raises:
        TelmartError: the server is too old or does not answer.
    """
    maintenance = settings.warehouse if settings.external_url else "postgres"
    with psycopg.connect(settings.database_url(maintenance), autocommit=True) as server:
        _require_version(server)
        _ensure_database(server, settings.warehouse, owner=None)
        for name in settings.metadata_databases.values():
            ensure_login(server, name, settings.secret("pg:" + name))
            _ensure_database(server, name, owner=name)
    with connect(settings, autocommit=True) as warehouse:
        ensure_login(warehouse, GATE, settings.secret("pg:" + GATE))
        warehouse.execute(
            sql.SQL("grant connect on database {} to {}").format(
                sql.Identifier(settings.warehouse), sql.Identifier(GATE)
            )
        )
    with connect(settings) as warehouse:
        return migrate(warehouse)


def migrate(warehouse: psycopg.Connection[Any]) -> list[str]:
    """Apply the numbered files of ``migrations/`` that this warehouse does not have yet."""
    warehouse.execute("select pg_advisory_xact_lock(hashtext('telmart.migrate'))")
    warehouse.execute("create schema if not exists ops")
    warehouse.execute(
        "create table if not exists ops.migration"
        " (name text primary key, applied_at timestamptz not null default now())"
    )
    done = {row[0] for row in warehouse.execute("select name from ops.migration")}
    applied = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        if path.stem not in done:
            warehouse.execute(path.read_text())  # type: ignore[arg-type]
            warehouse.execute("insert into ops.migration (name) values (%s)", [path.stem])
            applied.append(path.stem)
    warehouse.commit()
    return applied


def ensure_login(warehouse: psycopg.Connection[Any], role: str, password: str) -> None:
    """Make a login role that can do nothing but connect, or set its password again."""
    known = warehouse.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
    # Only a superuser may name the strong attributes of a role that exists; a new one has none.
    verb = "alter" if known else "create"
    warehouse.execute(
        sql.SQL("{} role {} login password {}").format(
            sql.SQL(verb), sql.Identifier(role), sql.Literal(password)
        )
    )


def _ensure_database(server: psycopg.Connection[Any], name: str, owner: str | None) -> None:
    identifier = sql.Identifier(name)
    if not server.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        server.execute(sql.SQL("create database {}").format(identifier))
    # By default every role may connect to every database; here each has its own people.
    server.execute(sql.SQL("revoke all on database {} from public").format(identifier))
    if owner:
        role = sql.Identifier(owner)
        server.execute(sql.SQL("grant {} to current_user").format(role))  # to hand it over
        server.execute(sql.SQL("alter database {} owner to {}").format(identifier, role))


def _require_version(server: psycopg.Connection[Any]) -> None:
    major = server.info.server_version // 10000
    if major < MINIMUM_VERSION:
        raise TelmartError(
            f"The server in TELMART_DATABASE_URL is PostgreSQL {major};"
            f" telmart needs {MINIMUM_VERSION} or newer.",
            "Upgrade the server, or unset TELMART_DATABASE_URL to use the embedded one.",
        )
