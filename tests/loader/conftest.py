"""A clean warehouse for every test of the loader, on the session's server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.engine.databases import connect
from orchestration.settings import Settings
from tests.loader.support import Warehouse


@pytest.fixture
def warehouse(scratch: Settings, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with nothing in it, and a folder of one's own for files."""
    settings = replace(scratch, landing=str(tmp_path / "landing"))
    with connect(settings) as connection:
        found = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname in ('raw', 'raw_old')"
        ).fetchall()
        for (table,) in found:
            connection.execute(f"drop table if exists {table} cascade")
        connection.execute("truncate ops.load, ops.quarantine restart identity cascade")
    folder = tmp_path / "files"
    folder.mkdir()
    yield Warehouse(settings, folder)
    shutil.rmtree(tmp_path / "landing", ignore_errors=True)
