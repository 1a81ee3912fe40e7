"""One Superset for all tests of it; a test that changes something undoes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.engine.services import superset
from tests.miniature import Miniature
from tests.security.superset.bundle import small, write
from tests.security.superset.portal import Portal


@pytest.fixture(scope="session")
def portal(world: Miniature) -> Iterator[Portal]:
    made = Portal(world, write(small(), world.settings.home / "superset/bundle"))
    done = made.deploy()
    assert done.returncode == 0, done.stderr[-3000:]
    service = superset(world.settings)
    service.start()
    yield made
    service.stop()
