"""Database servers for the models alone: they rebuild whole schemas, which others would miss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.contracts import all_feeds
from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.loader import ensure_parents, load_period
from orchestration.sample import SampleOptions, generate
from orchestration.sample.files import MANIFEST
from orchestration.settings import Settings
from tests.conftest import scratch_settings
from tests.models.warehouse import dbt


@contextmanager
def running(home: Path) -> Iterator[Settings]:
    """A provisioned warehouse of its own under ``home``, removed at the end."""
    settings = scratch_settings(home)
    server = EmbeddedServer(settings)
    server.start()
    try:
        provision(settings)
        yield settings
    finally:
        server.remove()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running, provisioned warehouse that only these tests use, each module as it needs it."""
    with running(tmp_path_factory.mktemp("models")) as settings:
        yield settings


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Every feed of 300 subscribers over 3 months, loaded by the loader; all models built once.

    On a server of its own: modules share it, and between them others empty ``installation``.
    """
    folder = tmp_path_factory.mktemp("everything")
    generate(folder / "landing", folder / "truth.json", SampleOptions(subscribers=300, months=3))
    with running(tmp_path_factory.mktemp("everything_home")) as settings:
        ensure_parents(settings)
        for feed in all_feeds(settings).values():
            for period in sorted((folder / "landing" / feed.system / feed.entity).glob("*")):
                files = [path for path in period.iterdir() if path.name != MANIFEST]
                loaded = load_period(settings, feed.name, period.name, files)
                assert loaded.state == "loaded", loaded.error
        assert dbt(settings, "build", "--exclude-resource-type", "unit_test") == {}
        yield settings
