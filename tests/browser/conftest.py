"""People who have logged in by the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import Visitor
from tests.conftest import Demo


@pytest.fixture(scope="session")
def visitor(chrome: Browser, demo: Demo) -> Iterator[Callable[[str], Visitor]]:
    """``visitor("li_city_a")``: that person, logged in by the page, once per session."""
    known: dict[str, Visitor] = {}

    def of(person: str) -> Visitor:
        if person not in known:
            known[person] = Visitor(chrome, demo, person)
        return known[person]

    yield of
    for one in known.values():
        one.close()
