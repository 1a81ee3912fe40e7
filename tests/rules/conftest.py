"""A warehouse that only these tests use: they spoil its rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.settings import Settings
from tests.conftest import scratch_settings
from tests.models.warehouse import dbt, empty_warehouse, execute, fill


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The eight customers of eight.sql, built."""
    settings = scratch_settings(tmp_path_factory.mktemp("rules"))
    server = EmbeddedServer(settings)
    server.start()
    provision(settings)
    try:
        empty_warehouse(settings)
        fill(settings, subscribers=8, months=5)
        execute(settings, Path(__file__).with_name("eight.sql").read_text())
        untested = ("--exclude-resource-type", "unit_test", "test")
        assert dbt(settings, "build", "--full-refresh", *untested) == {}
        yield settings
    finally:
        server.remove()
