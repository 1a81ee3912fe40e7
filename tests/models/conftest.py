"""A database server for the models alone: they rebuild whole schemas, which others would miss."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.settings import Settings
from tests.conftest import scratch_settings


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running, provisioned warehouse that only these tests use."""
    settings = scratch_settings(tmp_path_factory.mktemp("models"))
    server = EmbeddedServer(settings)
    server.start()
    provision(settings)
    yield settings
    server.remove()
