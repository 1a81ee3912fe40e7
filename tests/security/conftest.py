"""One miniature warehouse for all tests of access; a test that changes something undoes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.miniature import Miniature, miniature


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with miniature(tmp_path_factory.mktemp("security")) as made:
        yield made
