"""One miniature warehouse; every module leaves it as it found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.miniature import Miniature, miniature


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with miniature(tmp_path_factory.mktemp("publication")) as made:
        yield made
