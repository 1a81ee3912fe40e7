"""How fast the charts of a page answer, beside the same SQL sent straight to PostgreSQL.

    uv run python -m benchmarks.charts --person li_city_a --page value-city [--rounds 5]

Opens the page of a running installation (``telmart up``; ``TELMART_HOME`` says which) in Chromium
as one person, tab by tab, and notes what the browser asks. Then it asks again: each chart alone,
all charts in sight at once (what opens first, then each further tab) and all of the page at once,
over as many connections as a browser opens; Superset with its cache set aside, and PostgreSQL as
the same person with the SQL that Superset said it ran. They take turns. Prints medians in seconds
and the ratios; exit code 1 if a chart needs more than a second, or what is in sight more than two.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import psycopg
import requests
from playwright.sync_api import Page, sync_playwright

from orchestration.engine.services import all_services
from orchestration.settings import Settings

#: seconds a chart may take without a cache, and all charts in sight at once
TARGET_S, SIGHT_TARGET_S = 1.0, 2.0
#: connections a browser opens to one server
CONNECTIONS = 6
CHROMIUM = os.environ.get("TELMART_CHROMIUM", "/usr/bin/chromium")
_ASKS = "/api/v1/chart/data"


@dataclass
class Chart:
    """One question of the page, and how long each way took."""

    name: str
    url: str
    body: dict[str, Any]
    tab: str
    sql: list[str] = field(default_factory=list)
    superset_s: list[float] = field(default_factory=list)
    psql_s: list[float] = field(default_factory=list)


class Superset:
    """One person, signed in by the page."""

    def __init__(self, settings: Settings, person: str) -> None:
        self._base = f"http://127.0.0.1:{settings.superset_port}"
        self._person, self._password = person, settings.secret("web:" + person, 16)
        self._cookies: dict[str, str] = {}
        self._headers: dict[str, str] = {}

    def open(self, slug: str) -> list[Chart]:
        """Open the page and its tabs; what its charts ask."""
        found: dict[int, Chart] = {}
        tab = "what opens first"

        def note(request: Any) -> None:
            if request.method == "POST" and _ASKS in request.url and request.post_data:
                body = json.loads(request.post_data)
                number = body["form_data"].get("slice_id")
                if number:  # what a filter asks has none
                    asked = body | {"force": True}
                    seen_in = found[number].tab if number in found else tab
                    found[number] = Chart(str(number), request.url, asked, seen_in)
                    self._headers = {"X-CSRFToken": request.headers.get("x-csrftoken", "")}

        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            self._sign_in(page)
            page.on("request", note)
            page.goto(f"{self._base}/superset/dashboard/{slug}/", wait_until="networkidle")
            tabs = page.locator('[data-test="dashboard-component-tabs"] [role="tab"]')
            # a busy browser asks nothing for a while before it draws
            tabs.first.wait_for(timeout=60_000)
            for one in tabs.all():
                if one.get_attribute("aria-selected") != "true":
                    tab = f"tab {one.inner_text()}"
                one.click()
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(3000)  # charts ask when they come into sight
            listed = page.request.get(f"{self._base}/api/v1/dashboard/{slug}/charts").json()
            for chart in listed["result"]:
                if chart["id"] in found:
                    found[chart["id"]].name = chart["slice_name"]
            self._cookies = {c["name"]: c["value"] for c in page.context.cookies()}
            browser.close()
        return list(found.values())

    def _sign_in(self, page: Page) -> None:
        page.goto(f"{self._base}/login/")
        page.fill("input#username, input[name=username]", self._person)
        page.fill("input#password, input[name=password]", self._password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)

    def ask(self, chart: Chart) -> float:
        """Seconds until the answer is there, computed anew."""
        began = time.perf_counter()
        answer = requests.post(
            chart.url, json=chart.body, cookies=self._cookies, headers=self._headers, timeout=120
        )
        seconds = time.perf_counter() - began
        answer.raise_for_status()
        results = answer.json()["result"]
        assert not any(result["is_cached"] for result in results), chart.name
        chart.sql = [result["query"] for result in results]
        return seconds


class Direct:
    """The same person in PostgreSQL, over as many connections, which are open already."""

    def __init__(self, url: str) -> None:
        self._idle: Queue[psycopg.Connection[Any]] = Queue()
        for _ in range(CONNECTIONS):
            self._idle.put(psycopg.connect(url, autocommit=True))

    def ask(self, chart: Chart) -> float:
        """Seconds until all rows are there."""
        link = self._idle.get()
        began = time.perf_counter()
        for query in chart.sql:
            link.execute(query).fetchall()  # type: ignore[call-overload]
        seconds = time.perf_counter() - began
        self._idle.put(link)
        return seconds


def together(charts: Sequence[Chart], ask: Callable[[Chart], float]) -> float:
    """Seconds until the last chart of the page is there."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(ask, charts))
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--person", default="li_city_a", help="who opens the page")
    parser.add_argument("--page", default="value-city", help="the dashboard's address")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    settings = Settings.from_env()
    if not any(service.is_healthy() for service in all_services(settings)):
        parser.error(f"nothing runs in {settings.home}: `telmart up` starts it")
    superset = Superset(settings, options.person)
    charts = superset.open(options.page)
    direct = Direct(settings.database_url(user=options.person))
    views: dict[str, list[Chart]] = {}
    for chart in charts:
        views.setdefault(chart.tab, []).append(chart)
    whole = f"all of {options.page}"
    views[whole] = charts
    took: dict[str, tuple[list[float], list[float]]] = {view: ([], []) for view in views}
    for chart in charts:
        superset.ask(chart)  # its SQL, and everything warm but the cache
    for _ in range(options.rounds):
        for chart in charts:
            chart.superset_s.append(superset.ask(chart))
            chart.psql_s.append(direct.ask(chart))
        for view, seen in views.items():
            took[view][0].append(together(seen, superset.ask))
            took[view][1].append(together(seen, direct.ask))
    print(f"{'Superset':>9} {'psql':>9} {'ratio':>7}")
    for chart in sorted(charts, key=lambda c: -statistics.median(c.superset_s)):
        show(chart.superset_s, chart.psql_s, chart.name)
    for view, (asked, told) in took.items():
        show(asked, told, f"{view}: {len(views[view])} charts at once")
    slow = any(statistics.median(c.superset_s) > TARGET_S for c in charts)
    del took[whole]  # nobody sees all tabs at once
    return int(slow or any(statistics.median(t) > SIGHT_TARGET_S for t, _ in took.values()))


def show(superset: list[float], psql: list[float], name: str) -> None:
    """One line of the report."""
    one, other = statistics.median(superset), statistics.median(psql)
    print(f"{one:9.3f} {other:9.3f} {one / other:7.2f}  {name}")


if __name__ == "__main__":
    sys.exit(main())
