"""In a real browser: warmed answers are those it asks for; each person's language and landing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.security.superset.portal import Portal

pytestmark = pytest.mark.browser
#: blocked by our policy; Superset's page asks for it all the same
TELEMETRY = "apachesuperset.gateway.scarf.sh"


class Tab:
    """A page that remembers what it asked, and what went wrong."""

    def __init__(self, browser: Browser, portal: Portal, language: str, width: int) -> None:
        size = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=size, locale=language)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(180_000)
        self.portal = portal
        self._responses: list[Any] = []
        self.faults: list[str] = []
        self.page.on("response", self._note)
        self.page.on("console", lambda m: m.type == "error" and self._fault(m.text))
        self.page.on("pageerror", lambda error: self._fault(str(error)))

    def _note(self, response: Any) -> None:
        if response.status >= 400:
            self._fault(f"{response.status} {response.url}")
        if "/api/v1/chart/data" in response.url and response.request.method == "POST":
            self._responses.append(response)  # read later: not from inside the event

    def _fault(self, text: str) -> None:
        if TELEMETRY not in text:
            self.faults.append(text)

    def sign_in(self, person: str) -> None:
        """With the form; ends where the person lands."""
        self.page.goto(f"{self.portal.url}/login/")
        self.page.fill("input#username", person)
        self.page.fill("input#password", self.portal.password(person))
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/superset/dashboard/**")
        self.settle()

    def settle(self) -> None:
        """Wait until every chart has been drawn."""
        self.page.wait_for_selector("[data-test-chart-id]")
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator(".loading")).to_have_count(0, timeout=180_000)

    def answers(self) -> list[dict[str, Any]]:
        """What the server answered to the charts and filters so far."""
        return [found for r in self._responses for found in r.json().get("result", [])]

    def text(self) -> str:
        return self.page.inner_text("body")


@pytest.fixture
def tab(chrome: Browser, portal: Portal, request: pytest.FixtureRequest) -> Iterator[Tab]:
    language, width = getattr(request, "param", ("zh-CN", 1440))
    made = Tab(chrome, portal, language, width)
    yield made
    made.context.close()


@pytest.fixture(scope="module")
def warmed(portal: Portal) -> str:
    done = portal.deploy("--warm", "--budget", "300")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("person", ["chen_province", "li_city_a", "zhou_account", "wu_analyst"])
def test_the_first_visit_meets_a_warm_cache(tab: Tab, warmed: str, person: str) -> None:
    assert "not warmed" not in warmed
    tab.sign_in(person)
    answers = tab.answers()
    assert len(answers) >= 9  # six charts, and the values of three filters
    assert any("2026-10-01" in found["query"] for found in answers)  # the latest month is chosen
    cold = [found["query"][:200] for found in answers if not found["is_cached"]]
    assert not cold
    assert tab.faults == []


@pytest.mark.parametrize(
    ("person", "slug", "says"),
    [
        ("chen_province", "retention-province", "全省保有"),
        ("li_city_a", "retention-city", "地市保有"),
        ("wu_analyst", "retention-city-en", "Retention: city"),
    ],
)
def test_each_lands_on_the_own_dashboard(tab: Tab, person: str, slug: str, says: str) -> None:
    tab.sign_in(person)
    assert f"/superset/dashboard/{slug}/" in tab.page.url
    assert says in tab.text()


def test_switching_the_language_leads_to_the_sister(tab: Tab) -> None:
    tab.sign_in("chen_province")
    assert "应 用" in tab.text()
    tab.page.goto(f"{tab.portal.url}/lang/en", referer=tab.page.url)
    tab.settle()
    assert "/superset/dashboard/retention-province-en/" in tab.page.url
    assert "Clear All" in tab.text()
    tab.page.goto(f"{tab.portal.url}/superset/dashboard/retention-province/?standalone=0")
    tab.page.wait_for_url("**/retention-province-en/?standalone=0*")


@pytest.mark.parametrize("tab", [("zh-CN", 1440), ("en-US", 390)], indirect=True)
def test_the_sign_in_page_speaks_the_browsers_language(
    tab: Tab, request: pytest.FixtureRequest
) -> None:
    language = request.node.callspec.params["tab"][0]
    tab.page.goto(f"{tab.portal.url}/login/")
    tab.page.wait_for_selector("input#username")
    wanted = {"zh-CN": ["用户名", "密码", "登 录"], "en-US": ["Username", "Password", "Sign in"]}
    assert all(word in tab.text() for word in wanted[language])
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.faults == []


def test_menus_and_drilling_are_in_chinese(tab: Tab) -> None:
    """What a manager opens in a day holds no English and none of the pack's guesses."""
    tab.sign_in("li_city_a")
    chart = tab.page.locator(".chart-slice").filter(has_text="Areas").first
    chart.hover()
    chart.get_by_label("更多操作").click()
    menu = tab.page.locator(".ant-dropdown:visible").inner_text()
    assert {"查看明细", "下载"} <= set(menu.split("\n")), menu
    english = re.findall(r"[A-Za-z]{3,}", menu)
    assert not english, menu
