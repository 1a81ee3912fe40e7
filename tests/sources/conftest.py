"""A source, a contract that names it, and an empty warehouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.settings import Settings
from tests.loader.conftest import warehouse
from tests.loader.support import Warehouse
from tests.sources.servers import Server, mariadb_server, postgresql_server
from tests.sources.shop import Shop

__all__ = ["warehouse"]


@pytest.fixture(scope="session")
def postgresql(scratch: Settings) -> Iterator[Server]:
    with postgresql_server(scratch) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb_server(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(params=["postgresql", "mariadb"])
def shop(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    """A shop's database with a table of payments, and a feed that is pulled from it."""
    server: Server = request.getfixturevalue(request.param)
    monkeypatch.setenv("TELMART_SOURCE_SHOP", server.url)
    yield Shop.opened(server, warehouse)
    server.relay.mend()
