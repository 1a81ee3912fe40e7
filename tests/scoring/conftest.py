"""A server for the scoring tests, with the scoring models built once on nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from orchestration.engine.databases import connect, provision
from orchestration.engine.server import EmbeddedServer
from orchestration.settings import Settings
from tests.conftest import scratch_settings
from tests.models.warehouse import dbt, empty_warehouse


@pytest.fixture(scope="session")
def scoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A warehouse without data, with the rule tables as shipped and every scoring model, empty."""
    settings = scratch_settings(tmp_path_factory.mktemp("scoring"))
    server = EmbeddedServer(settings)
    server.start()
    provision(settings)
    empty_warehouse(settings)
    failed = dbt(
        settings, "build", "--full-refresh", "--select", "+fct_scorecard_score",
        "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test",
    )  # fmt: skip
    assert failed == {}, "every model must build without any feed"
    yield settings
    server.remove()


@pytest.fixture
def database(scoring: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose work is undone."""
    with connect(scoring) as connection:
        yield connection
        connection.rollback()
