"""The embedded server survives what machines do to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from orchestration.engine import databases
from orchestration.engine.databases import connect, provision
from orchestration.engine.server import EmbeddedServer
from orchestration.errors import TelmartError
from orchestration.settings import GATE, Settings
from tests.conftest import scratch_settings


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    settings = scratch_settings(tmp_path / "home")
    yield settings
    EmbeddedServer(settings).remove()


def _postmaster(settings: Settings) -> psutil.Process:
    pid_file = EmbeddedServer(settings).data / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


def test_start_twice_is_start_once(own: Settings) -> None:
    server = EmbeddedServer(own)
    server.start()
    first = _postmaster(own).pid
    server.start()
    assert _postmaster(own).pid == first


@pytest.mark.parametrize("victim", ["postmaster", "everything"])
def test_killed_server_comes_back_with_all_that_was_committed(own: Settings, victim: str) -> None:
    server = EmbeddedServer(own)
    server.start()
    provision(own)
    with connect(own, autocommit=True) as warehouse:
        warehouse.execute("create table ops.kept as select generate_series(1, 1000) as n")
    postmaster = _postmaster(own)
    family = [postmaster] if victim == "postmaster" else [*postmaster.children(), postmaster]
    for process in family:
        with contextlib.suppress(ProcessLookupError):  # a child may be gone with the one before
            os.kill(process.pid, signal.SIGKILL)
    server.start()
    with connect(own) as warehouse:
        assert warehouse.execute("select count(*) from ops.kept").fetchone() == (1000,)


def test_half_made_data_folder_is_made_again(own: Settings) -> None:
    """An initdb that was killed leaves a folder without PG_VERSION."""
    server = EmbeddedServer(own)
    server.data.mkdir(parents=True)
    (server.data / "rubbish").write_text("")
    server.start()
    assert server.is_running()


def test_taken_port_is_named_with_the_remedy(own: Settings) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", own.pg_port))
        squatter.listen()
        with pytest.raises(TelmartError, match=rf"Port {own.pg_port} is taken") as caught:
            EmbeddedServer(own).start()
    assert "TELMART_PG_PORT" in caught.value.remedy


def test_stop_leaves_nothing_running(own: Settings) -> None:
    server = EmbeddedServer(own)
    server.start()
    postmaster = _postmaster(own)
    server.stop()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(postmaster.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(postmaster.pid)
    assert not server.is_running()


def test_nobody_enters_without_a_password(own: Settings) -> None:
    EmbeddedServer(own).start()
    for user in ("telmart", "postgres", "nobody"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://{user}@127.0.0.1:{own.pg_port}/postgres")


def test_secret_is_for_its_owner_only(own: Settings) -> None:
    own.secret("anything")
    mode = stat.S_IMODE((own.home / "secret.key").stat().st_mode)
    assert mode == 0o600


def test_time_zone_is_the_one_configured(scratch: Settings) -> None:
    with connect(scratch) as warehouse:
        assert warehouse.execute("show timezone").fetchone() == ("Asia/Shanghai",)


def test_gate_role_sees_nothing(scratch: Settings) -> None:
    with connect(scratch, user=GATE) as warehouse:
        for schema in ("raw", "ops", "core", "build", "retention", "access", "quality"):
            allowed = warehouse.execute(
                "select has_schema_privilege(current_user, %s, 'usage')", [schema]
            ).fetchone()
            assert allowed == (False,), schema


def test_old_external_server_is_refused(scratch: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself is exercised; the machine has no PostgreSQL 16 to point it at."""
    monkeypatch.setattr(databases, "MINIMUM_VERSION", 99)
    with pytest.raises(TelmartError, match=r"PostgreSQL 18;.*needs 99") as caught:
        provision(scratch)
    assert "embedded" in caught.value.remedy


def test_external_server_is_used_and_not_started(own: Settings, tmp_path: Path) -> None:
    """A role that may make databases and roles is enough; nothing of ours is started."""
    EmbeddedServer(own).start()  # stands in for a server that others run
    with psycopg.connect(own.database_url("postgres"), autocommit=True) as server:
        server.execute("create role theirs login createdb createrole password 'x'")
        server.execute("create database theirs owner theirs")
    external = Settings(
        home=tmp_path / "external",
        landing=str(tmp_path),
        operator=None,
        timezone="Asia/Shanghai",
        external_url=f"postgresql://theirs:x@127.0.0.1:{own.pg_port}/theirs",
        pg_port=1,
        superset_port=2,
        dagster_port=3,
    )
    provision(external)
    assert provision(external) == [], "a second start finds everything done"
    assert external.metadata_databases["superset"] == "theirs_superset"
    with connect(external) as warehouse:
        assert warehouse.execute("select current_database()").fetchone() == ("theirs",)
        assert warehouse.execute("select count(*) > 0 from ops.migration").fetchone() == (True,)
    assert not (external.home / "postgres").exists()


def test_services_own_their_metadata_and_nothing_else(scratch: Settings) -> None:
    for service, database in scratch.metadata_databases.items():
        with psycopg.connect(scratch.metadata_url(service)) as metadata:
            metadata.execute("create table public.theirs (n int)")
            superuser = metadata.execute(
                "select rolsuper from pg_roles where rolname = current_user"
            ).fetchone()
            assert superuser == (False,)
            metadata.rollback()
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(scratch.database_url(user=database))
