"""A headless Chromium, and people who have logged in by the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Visitor
from tests.conftest import Demo

#: as root in a container Chromium needs no sandbox and no shared GPU; nothing may call home
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chrome(chromium: Path) -> Iterator[Any]:
    """One browser for the session."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def visitor(chrome: Any, demo: Demo) -> Iterator[Callable[[str], Visitor]]:
    """``visitor("li_city_a")``: that person, logged in by the page, once per session."""
    known: dict[str, Visitor] = {}

    def of(person: str) -> Visitor:
        if person not in known:
            known[person] = Visitor(chrome, demo, person)
        return known[person]

    yield of
    for one in known.values():
        one.close()
