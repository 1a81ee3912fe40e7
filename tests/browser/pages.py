"""What a person does and sees in the browser."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError

from tests.conftest import Demo

#: whatever spins while something is still to come
_BUSY = (
    'document.querySelectorAll(\'.loading, [data-test="loading-indicator"],'
    " .ant-spin-spinning').length"
)
_PATIENCE_S = 120
DESKTOP, PHONE = 1440, 390


@dataclass
class Visitor:
    """One person's session in the browser; logs in by the page when made."""

    chrome: Any
    demo: Demo
    person: str
    context: Any = field(init=False)

    def __post_init__(self) -> None:
        self.context = self.chrome.new_context(locale="zh-CN")
        self.context.set_default_timeout(_PATIENCE_S * 1000)
        page = self.context.new_page()
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            page.goto(f"{self.demo.base_url}/login/")
            page.fill("input#username, input[name=username]", self.person)
            page.fill("input#password, input[name=password]", self.demo.password(self.person))
            with page.expect_response(lambda r: r.request.method == "POST") as answer:
                page.keyboard.press("Enter")
            # ten log-ins a minute are allowed, and the whole suite logs in from one address
            if answer.value.status != 429:
                break
            assert time.monotonic() < deadline, "logging in is refused for too long"
            time.sleep(10)
        page.wait_for_url(lambda url: "/login" not in url)
        self.landing = page.url
        page.close()

    def open(self, slug: str, language: str = "zh", width: int = DESKTOP) -> Board:
        """A dashboard in a language and at a width, settled."""
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 1000})
        board = Board(page)
        page.goto(f"{self.demo.base_url}/lang/{language}")
        board.failures.clear()
        page.goto(f"{self.demo.base_url}/superset/dashboard/{slug}/")
        board.wait_for_the_grid()
        board.settle()
        return board

    def close(self) -> None:
        self.context.close()


class Board:
    """A dashboard in a tab of the browser.

    Attributes:
        failures: requests answered with an error since the page was opened.
        waiting: requests not answered yet.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.failures: list[str] = []
        self.waiting: list[str] = []
        page.on("response", self._note)
        page.on("request", lambda request: self.waiting.append(request.url))
        for end in ("requestfinished", "requestfailed"):
            page.on(end, self._answered)

    def _note(self, response: Any) -> None:
        if response.status >= 400:
            self.failures.append(f"{response.status} {response.url}")

    def _answered(self, request: Any) -> None:
        if request.url in self.waiting:
            self.waiting.remove(request.url)

    def wait_for_the_grid(self) -> None:
        """Wait for the dashboard's frame; where none comes, say what there is instead."""
        try:
            self.page.wait_for_selector('[data-test="grid-container"]')
        except TimeoutError as error:
            text = self.page.locator("body").inner_text()[:500]
            raise AssertionError(
                f"no dashboard but {self.page.url}: {text!r}; refused: {self.failures};"
                f" not answered: {self.waiting}; cookies:"
                f" {[one['name'] for one in self.page.context.cookies()]}"
            ) from error

    def settle(self) -> None:
        """Wait until nothing loads any more."""
        self.page.wait_for_timeout(600)
        deadline, quiet = time.monotonic() + _PATIENCE_S, 0
        while quiet < 3:
            assert time.monotonic() < deadline, f"still loading: {self.page.url}"
            quiet = quiet + 1 if self.page.evaluate(_BUSY) == 0 else 0
            self.page.wait_for_timeout(250)

    def close(self) -> None:
        self.page.close()

    # ---- looking -------------------------------------------------------------------------
    def chart(self, title: str) -> Any:
        """The card of the chart with this title."""
        return self.page.locator(f'[data-test-chart-name="{title}"]')

    def cells(self, title: str) -> dict[str, str]:
        """The first row of a table: text by column; Superset writes ``a__b`` as ``a_b`` here."""
        found = {}
        for cell in self.chart(title).locator("tbody td").all():
            name = cell.get_attribute("aria-labelledby").removeprefix("header-")
            if name in found:
                break
            found[name] = cell.inner_text().strip()
        return found

    def rows(self, title: str) -> list[dict[str, str]]:
        """All rows of a table that are on the page."""
        return [
            {
                cell.get_attribute("aria-labelledby").removeprefix("header-"): cell.inner_text()
                for cell in row.locator("td[aria-labelledby]").all()
            }
            for row in self.chart(title).locator("tbody tr").all()
        ]

    def errors(self) -> list[str]:
        """Charts that show an error in place of data."""
        return self.page.locator(
            ".dashboard-grid .ant-alert-error, .dashboard-grid [data-test='error-message']"
        ).all_inner_texts()

    def is_blank(self, title: str) -> bool:
        """Whether a chart says that it has nothing to show."""
        card = self.chart(title)
        return bool(card.locator(".ant-empty, .dt-no-results").count())

    def tabs(self) -> Any:
        """The tabs below the tiles."""
        return self.page.locator(".dashboard-component-tabs .ant-tabs-tab")

    def show_tab(self, number: int) -> None:
        """Turn to a tab, which on a phone has to be brought into sight first."""
        tab = self.tabs().nth(number)
        tab.locator('[role="tab"]').focus()
        self.page.wait_for_timeout(500)  # the bar slides
        tab.locator('[data-test="editable-title"]').click()
        self.settle()
        assert tab.locator('[role="tab"]').get_attribute("aria-selected") == "true", number

    def shoot(self, path: Path) -> None:
        """A picture of the whole page, however long."""
        size = self.page.viewport_size
        bottom = self.page.evaluate(
            "Math.max(...[...document.querySelectorAll('.dashboard-grid')]"
            ".map(e => e.getBoundingClientRect().bottom + window.scrollY))"
        )
        self.page.set_viewport_size({"width": size["width"], "height": min(int(bottom) + 40, 7000)})
        self.page.wait_for_timeout(800)  # charts draw themselves as they come into view
        self.settle()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path))
        self.page.set_viewport_size(size)

    # ---- doing ---------------------------------------------------------------------------
    def choose(self, filter_id: str, value: str) -> None:
        """Choose a value in the filter bar and apply it."""
        self.options(filter_id)
        self.page.keyboard.type(value)
        options = self.page.locator(".ant-select-dropdown:visible .ant-select-item-option")
        options.filter(has_text=value).first.click()
        self.page.keyboard.press("Escape")
        self.page.locator('[data-test="filter-bar__apply-button"]').click()
        self.settle()

    def options(self, filter_id: str) -> list[str]:
        """Open a filter and read what it offers."""
        box = self.page.locator(f'[data-test="NATIVE_FILTER-{filter_id}"] .ant-select-selector')
        if not box.is_visible():
            self.page.locator('[data-test="dropdown-container-btn"]').click()
        box.click()
        found = self.page.locator(".ant-select-dropdown:visible .ant-select-item-option")
        found.first.wait_for()
        return found.all_inner_texts()


def number(text: str) -> float:
    """A number as the dashboards write it: ``90.3%`` → 90.3, ``¥1,234.5`` → 1234.5, ``1.2万``."""
    digits, factor = _parts(text)
    return float(digits) * factor


def rounding(text: str) -> float:
    """How far a number may be from what is written: half a unit of the last digit shown."""
    digits, factor = _parts(text)
    return float(factor * 0.5 * 10.0 ** -len(digits.partition(".")[2]))


def _parts(text: str) -> tuple[str, float]:
    """The digits and what they are multiplied with."""
    factor = {"万": 10_000.0, "亿": 100_000_000.0, "M": 1_000_000.0, "B": 1e9}.get(text[-1:], 1.0)
    found = re.search(r"[-+−]?[\d,]*\.?\d+", text)
    assert found, f"no number in {text!r}"
    return found[0].replace(",", "").replace("−", "-"), factor
