"""A backup holds every row, can be restored, and fails loudly."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from orchestration.engine.databases import connect
from orchestration.engine.server import EmbeddedServer
from orchestration.errors import TelmartError
from orchestration.installation.backup import backup
from orchestration.settings import Settings


def test_restored_rows_are_the_rows_that_were_there(scratch: Settings, tmp_path: Path) -> None:
    with connect(scratch, autocommit=True) as warehouse:
        warehouse.execute("create table ops.precious as select generate_series(1, 500) as n")
        warehouse.execute("alter table ops.precious enable row level security")
        warehouse.execute("alter table ops.precious force row level security")
        warehouse.execute("drop database if exists restored")
        warehouse.execute("create database restored")
    try:
        written = list(backup(scratch, tmp_path / "copy"))
        assert {p.name for p in written} >= {
            "telmart.dump", "telmart_dagster.dump", "telmart_superset.dump", "secret.key",
        }  # fmt: skip
        assert all(oct(p.stat().st_mode)[-2:] == "00" for p in written), "for the owner only"
        restore = EmbeddedServer(scratch).binaries / "pg_restore"
        dump = tmp_path / "copy/telmart.dump"
        subprocess.run(
            [restore, "-d", "restored", dump], check=True, env=os.environ | scratch.libpq_env()
        )
        with psycopg.connect(scratch.database_url("restored")) as restored:
            assert restored.execute("select sum(n) from ops.precious").fetchone() == (125250,)
    finally:
        with connect(scratch, autocommit=True) as warehouse:
            warehouse.execute("drop table ops.precious")
            warehouse.execute("drop database if exists restored with (force)")


def test_failed_backup_leaves_the_earlier_one(scratch: Settings, tmp_path: Path) -> None:
    (tmp_path / "telmart.dump").write_text("earlier")
    elsewhere = dataclasses.replace(scratch, pg_port=1)
    with pytest.raises(TelmartError, match="could not be copied"):
        list(backup(elsewhere, tmp_path))
    assert (tmp_path / "telmart.dump").read_text() == "earlier"
    assert not list(tmp_path.glob("*.part"))
