"""Real databases to pull from: one in the session's PostgreSQL, one in a MariaDB of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pymysql
import pytest

from orchestration.settings import Settings
from tests.conftest import free_port
from tests.cutting import Relay

PASSWORD = "p@ss/wörd"


@dataclass
class Server:
    """A source under test, reached by the loader through a relay."""

    kind: str
    port: int
    user: str
    password: str
    relay: Relay

    @property
    def url(self) -> str:
        """What stands in TELMART_SOURCE_SHOP."""
        return (
            f"{self.kind}://{self.user}:{quote(self.password, safe='')}@127.0.0.1"
            f":{self.relay.own_port}/shop"
        )

    def run(self, *statements: str) -> None:
        """Change the source, past the relay."""
        with self._open() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    @contextmanager
    def _open(self) -> Iterator[psycopg.Connection | pymysql.Connection]:  # type: ignore[type-arg]
        if self.kind == "postgresql":
            with psycopg.connect(
                host="127.0.0.1", port=self.port, user=self.user, password=self.password,
                dbname="shop", autocommit=True,
            ) as connection:  # fmt: skip
                yield connection
            return
        with pymysql.connect(
            host="127.0.0.1", port=self.port, user=self.user, password=self.password.encode(),
            database="shop", autocommit=True, init_command="set time_zone='+00:00', sql_mode=''",
        ) as connection:  # fmt: skip
            yield connection


@contextmanager
def postgresql_server(settings: Settings) -> Iterator[Server]:
    """A database ``shop`` and a role of its own, beside the warehouse."""
    with psycopg.connect(settings.database_url(), autocommit=True) as owner:
        owner.execute(f"create role clerk login password '{PASSWORD}'")
        owner.execute("create database shop owner clerk")
    with Relay(settings.pg_port) as relay:
        yield Server("postgresql", settings.pg_port, "clerk", PASSWORD, relay)
    with psycopg.connect(settings.database_url(), autocommit=True) as owner:
        owner.execute("drop database shop with (force)")
        owner.execute("drop role clerk")


@contextmanager
def mariadb_server(folder: Path) -> Iterator[Server]:
    """A MariaDB server with a database ``shop``; CI must have it, elsewhere it is skipped."""
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin")
    install = shutil.which("mariadb-install-db")
    if not program or not install:
        if os.environ.get("CI"):
            pytest.fail("CI has no MariaDB; .ci/run installs it")
        pytest.skip(
            "NOT TESTED against MariaDB: apt-get install mariadb-server-core mariadb-client-core"
        )
    data, port = folder / "data", free_port()
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
         "--skip-test-db", *_user()],
        check=True, capture_output=True,
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--no-defaults", f"--datadir={data}", f"--port={port}",
             "--bind-address=127.0.0.1", f"--socket={folder / 's'}", "--skip-name-resolve",
             # nothing here outlives the session: it need not reach the disk
             "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
             "--innodb-buffer-pool-size=32M", "--performance-schema=off", *_user()],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _prepare(port, process, folder / "log")
        with Relay(port) as relay:
            yield Server("mysql", port, "clerk", PASSWORD, relay)
    finally:
        process.terminate()
        process.wait(30)


def _user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _prepare(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        with contextlib.suppress(pymysql.OperationalError):
            connection = pymysql.connect(unix_socket=str(log.parent / "s"), user="root")
            break
        time.sleep(0.1)
    with connection, connection.cursor() as cursor:
        cursor.execute("create database shop character set utf8mb4")
        cursor.execute(f"create user clerk identified by '{PASSWORD}'")
        cursor.execute("grant all on shop.* to clerk")
