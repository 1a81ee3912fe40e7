"""Who may open what: dashboards, metadata, administration, Data Docs; and the front door itself."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.security.superset.bundle import SEGMENT, SUBSCRIBER
from tests.security.superset.portal import Portal, session, text_of

#: what a mere reader has no business with; ``{dataset}`` is filled in
CLOSED = [
    "/api/v1/dataset/",
    "/api/v1/dataset/{dataset}",
    "/api/v1/dataset/export/?q=!({dataset})",
    "/api/v1/database/",
    "/api/v1/rowlevelsecurity/",
    "/api/v1/security/users/",
    "/api/v1/security/roles/",
    "/api/v1/security/permissions-resources/",
    "/api/v1/log/",
    "/api/v1/assets/export/",
    "/api/v1/dashboard/export/?q=!(1)",
    "/api/v1/chart/export/?q=!(1)",
    "/api/v1/css_template/",
    "/api/v1/annotation_layer/",
    "/api/v1/report/",
    "/api/v1/explore/?slice_id=1",
    "/api/v1/datasource/table/{dataset}/column/area_id/values/",
    "/superset/explore_json/?form_data=%7B%7D",
    "/swagger/v1",
]
READERS = ("li_city_a", "chen_province", "zhou_account")


@pytest.mark.parametrize("person", READERS)
@pytest.mark.parametrize("path", CLOSED)
def test_readers_stay_out(portal: Portal, person: str, path: str) -> None:
    found = path.format(dataset=portal.number("dataset", SEGMENT))
    answer = portal.visitor(person).get(found, allow_redirects=False)
    assert answer.status_code in (302, 401, 403, 404), f"{answer.status_code} {answer.text[:300]}"


@pytest.mark.parametrize("person", [*READERS, "wu_analyst"])
def test_nobody_changes_what_is_deployed(portal: Portal, person: str) -> None:
    visitor, http = portal.visitor(person), portal.visitor(person).http
    dataset, chart = portal.number("dataset", SEGMENT), portal.number("chart", "Areas")
    board = portal.number("dashboard", "retention-city")
    tries = [
        http.put(f"{portal.url}/api/v1/dataset/{dataset}", json={"sql": "select 1"}),
        http.put(f"{portal.url}/api/v1/chart/{chart}", json={"slice_name": "mine"}),
        http.put(f"{portal.url}/api/v1/dashboard/{board}", json={"published": False}),
        http.delete(f"{portal.url}/api/v1/chart/{chart}"),
        http.delete(f"{portal.url}/api/v1/dashboard/{board}"),
        http.delete(f"{portal.url}/api/v1/rowlevelsecurity/1"),
        visitor.post("/api/v1/cachekey/invalidate", {"datasource_uids": [f"{dataset}__table"]}),
        visitor.post("/api/v1/theme/", {"theme_name": "x", "json_data": "{}"}),
        visitor.post("/api/v1/dataset/", {"database": 1, "table_name": SUBSCRIBER}),
        visitor.post("/api/v1/database/", {"database_name": "x", "sqlalchemy_uri": "sqlite://"}),
        visitor.post("/api/v1/security/users/", {"username": "x"}),
        visitor.post("/api/v1/assets/import/"),
    ]
    assert [t.status_code for t in tries if t.status_code not in (403, 404)] == []
    assert portal.metadata("select slice_name from slices where id = %s", chart) == [("Areas",)]


@pytest.mark.parametrize(
    ("person", "slug", "opens"),
    [
        ("chen_province", "retention-province", True),
        ("chen_province", "retention-city-en", True),
        ("li_city_a", "retention-city", True),
        ("li_city_a", "retention-province", False),
        ("li_city_a", "retention-province-en", False),
        ("zhou_account", "retention-province", False),
        ("li_city_a", "value-city", True),
        ("li_city_a", "value-province", False),
        ("li_city_a", "value-mine-en", False),
        ("zhou_account", "value-mine", True),
        ("zhou_account", "value-county-en", False),
        ("wu_analyst", "retention-province-en", True),
    ],
)
def test_dashboards_of_ones_own_level(portal: Portal, person: str, slug: str, opens: bool) -> None:
    visitor = portal.visitor(person)
    for path in (f"/api/v1/dashboard/{slug}", f"/api/v1/dashboard/{slug}/charts",
                 f"/api/v1/dashboard/{slug}/datasets"):  # fmt: skip
        assert (visitor.get(path).status_code == 200) is opens, path
    listed = visitor.get("/api/v1/dashboard/?q=(page_size:100)").json()["result"]
    assert (slug in {found["slug"] for found in listed}) is opens


def test_chart_definitions_say_nothing_of_rows(portal: Portal) -> None:
    """Readers may read a chart's definition; it holds no values."""
    answer = portal.visitor("li_city_a").get("/api/v1/chart/?q=(page_size:100)")
    assert answer.status_code == 200
    assert "B市" not in text_of(answer)


@pytest.fixture
def data_docs(portal: Portal) -> str:
    """A page as Great Expectations writes it; returns its address."""
    folder = portal.settings.home / "data_docs"
    page = "validations/arrival/boss__bill/rows/run/20261101T010203.000004Z/warehouse-"
    page += "arrival.boss__bill.rows.2026-10 7.html"
    (folder / page).parent.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text("<html><body>theirs</body></html>")
    (folder / page).write_text(
        '<html><head><link rel="stylesheet" href="https://cdn.example.invalid/a.css"/>'
        "<script>alert(1)</script ></head><body>"
        '<img class="x" src="//cdn.example.invalid/logo.png" alt="logo"/>'
        '<span class="h6">Status:</span> <i></i>\n Failed <b>one row</b></body></html>'
    )
    return "/quality/" + page


@pytest.mark.parametrize(
    ("person", "status"),
    [("zheng_engineer", 200), ("admin", 200), ("wu_analyst", 404), ("li_city_a", 404)],
)
def test_data_docs_are_for_those_who_repair(
    portal: Portal, data_docs: str, person: str, status: int
) -> None:
    visitor = portal.visitor(person)
    for path in ("/quality/", "/quality/index.html", data_docs):
        assert visitor.get(path).status_code == status
    for way_out in ("/quality/../secret.key", "/quality/%2e%2e/secret.key", "/quality//etc/passwd"):
        assert visitor.get(way_out).status_code == 404


def test_data_docs_bring_nothing_from_elsewhere(portal: Portal, data_docs: str) -> None:
    engineer = portal.visitor("zheng_engineer")
    page = engineer.get(data_docs).text
    assert "<b>one row</b>" in page and "/brand/data_docs.css" in page
    assert "<script" not in page and "cdn.example" not in page
    index = engineer.get("/quality/").text
    assert "2026-11-01 09:02" in index  # in the operator's time zone
    assert "arrival.boss__bill.rows" in index and ">2026-10<" in index
    assert "failed" in index and "passed" not in index
    (link,) = re.findall(r'href="(/quality/validations[^"]+)"', index)
    assert engineer.get(link).status_code == 200


@pytest.mark.parametrize("who", ["nobody", "li_city_a"])
def test_what_is_the_same_for_all_knows_no_session(portal: Portal, who: str) -> None:
    """A style sheet that comes late must not put the cookie of before the log-in back."""
    http = session() if who == "nobody" else portal.visitor(who).http
    page = http.get(f"{portal.url}/login/", timeout=60).text
    found = {*re.findall(r'(?:href|src)="(/(?:static|brand)/[^"]+)"', page)}
    assert any(path.startswith("/brand/") for path in found), page
    assert any(path.startswith("/static/") for path in found), page
    before = http.cookies.get_dict()
    assert "session" in before
    for path in (*sorted(found), "/superset/language_pack/zh-cn/", "/health"):
        answer = http.get(portal.url + path, timeout=60)
        assert answer.status_code == 200, path
        assert "Set-Cookie" not in answer.headers, path
        assert "Cookie" not in answer.headers.get("Vary", ""), path
    assert http.cookies.get_dict() == before


class TestWithoutSigningIn:
    """What somebody sees who only knows the address."""

    @pytest.mark.parametrize(
        "path",
        [
            *CLOSED,
            "/api/v1/dashboard/",
            "/api/v1/chart/",
            "/api/v1/me/",
            "/superset/dashboard/retention-city/",
            "/quality/",
            "/sqllab/",
        ],
    )
    def test_nothing_opens(self, portal: Portal, path: str) -> None:
        found = path.format(dataset=portal.number("dataset", SEGMENT))
        answer = session().get(portal.url + found, allow_redirects=False, timeout=60)
        assert answer.status_code in (302, 401, 403, 404), f"{answer.status_code} {answer.text}"

    def test_no_data(self, portal: Portal) -> None:
        visitor = portal.visitor("li_city_a").__class__(portal, "nobody", session())
        answer = visitor.ask(SEGMENT, columns=["area_id"])
        assert answer.status_code in (302, 401, 403)
        assert "A11" not in text_of(answer)

    def test_the_door_is_well_hung(self, portal: Portal) -> None:
        answer = requests.get(f"{portal.url}/login/", timeout=60)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self' 'strict-dynamic' 'nonce-" in policy
        assert "unsafe-eval" not in policy and "http" not in policy
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie

    def test_a_form_without_token_is_refused(self, portal: Portal) -> None:
        data = {"username": "li_city_a", "password": portal.password("li_city_a")}
        http = session()
        http.post(f"{portal.url}/login/", data=data, timeout=60)
        assert http.get(f"{portal.url}/api/v1/me/", timeout=60).status_code == 401

    @pytest.mark.parametrize("door", ["form", "api"])
    def test_guessing_passwords_is_slowed_down(self, portal: Portal, door: str) -> None:
        """Ten tries a minute from one address; then not even the right password opens."""
        guesser = session()
        codes = []
        for _ in range(11):
            if door == "form":
                answer = portal.try_password(guesser, "li_city_a", "wrong")
            else:
                body = {"username": "li_city_a", "password": "wrong", "provider": "db"}
                url = f"{portal.url}/api/v1/security/login"
                answer = guesser.post(url, json=body, timeout=60)
            codes.append(answer.status_code)
        assert codes[10] == 429 and 429 not in codes[:10], codes
        if door == "form":
            right = portal.try_password(guesser, "li_city_a", portal.password("li_city_a"))
            assert right.status_code == 429

    def test_all_processes_share_one_count(self, portal: Portal) -> None:
        """Two processes answer; whoever tries both at once has ten tries and not twenty."""
        body = {"username": "li_city_a", "password": "wrong", "provider": "db"}
        guesser = session()

        def guess(_: int) -> int:
            answer = guesser.post(f"{portal.url}/api/v1/security/login", json=body, timeout=60)
            return answer.status_code

        assert portal.settings.superset_workers > 1
        with ThreadPoolExecutor(8) as at_once:
            codes = list(at_once.map(guess, range(24)))
        assert codes.count(429) == 14, codes


def test_an_api_token_opens_no_more_than_the_browser(portal: Portal) -> None:
    http = session()
    body = {"username": "li_city_a", "password": portal.password("li_city_a"), "provider": "db"}
    answer = http.post(f"{portal.url}/api/v1/security/login", json=body, timeout=60)
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    visitor = portal.visitor("li_city_a").__class__(portal, "li_city_a", http)
    rows = visitor.rows(SEGMENT, columns=["city_name"])
    assert rows == [{"city_name": "A市"}]
    assert visitor.get("/api/v1/security/users/").status_code == 403


def test_who_asked_is_on_record(portal: Portal) -> None:
    """Each question leaves the person, the page and the time it took in Superset's own log."""
    portal.visitor("li_city_a").ask(SEGMENT, columns=["city_name"])
    found = portal.metadata(
        "select username, duration_ms from logs join ab_user on ab_user.id = logs.user_id"
        " where action = 'ChartDataRestApi.data' order by logs.id desc limit 1"
    )
    assert found
    assert found[0][0] == "li_city_a"
    assert found[0][1] > 0


@pytest.mark.parametrize(("language", "tag"), [("zh", "zh-CN"), ("en", "en")])
def test_a_page_says_its_language(portal: Portal, language: str, tag: str) -> None:
    """Signed out and signed in: fonts and readers' voices go by it."""
    stranger = session()
    page = stranger.get(f"{portal.url}/login/", headers={"Accept-Language": language}, timeout=60)
    assert f'<html lang="{tag}">' in page.text
    reader = portal.sign_in("li_city_a", portal.password("li_city_a"))
    reader.get(f"/lang/{language}")
    assert f'<html lang="{tag}">' in reader.get("/superset/welcome/").text
