"""A running Superset on the miniature warehouse, and what a person can send to it."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from orchestration.settings import ROOT, Settings
from tests.miniature import Miniature

PYTHON = ROOT / "superset_assets/.venv/bin/python"
_addresses = itertools.count(2)


class FromAddress(HTTPAdapter):
    """Sends from an address of its own, as people do; logins are counted by address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kw: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **kw)


def session() -> requests.Session:
    """A browser nobody has used yet, on a machine of its own."""
    made = requests.Session()
    made.mount("http://", FromAddress(f"127.0.0.{next(_addresses)}"))
    return made


@dataclass
class Visitor:
    """One signed-in browser."""

    portal: Portal
    name: str
    http: requests.Session

    def get(self, path: str, **kw: Any) -> requests.Response:
        return self.http.get(self.portal.url + path, timeout=60, **kw)

    def post(self, path: str, body: Any = None, **kw: Any) -> requests.Response:
        return self.http.post(self.portal.url + path, json=body, timeout=60, **kw)

    def ask(self, dataset: str, *, dashboard: str = "", **query: Any) -> requests.Response:
        """Put a question to a dataset, as a chart does; ``query`` as Superset names its parts."""
        top = {
            key: query.pop(key) for key in ("result_type", "result_format", "force") if key in query
        }
        number = self.portal.number("dataset", dataset)
        form = {"datasource": f"{number}__table"}
        if dashboard:
            form["dashboardId"] = self.portal.number("dashboard", dashboard)
        asked = {
            "columns": [],
            "metrics": [],
            "filters": [],
            "extras": {},
            "orderby": [],
            "row_limit": 1000,
            **query,
        }
        return self.post(
            "/api/v1/chart/data",
            {
                "datasource": {"id": number, "type": "table"},
                "force": False,
                "result_format": "json",
                "result_type": "full",
                **top,
                "form_data": form,
                "queries": [asked],
            },
        )

    def rows(self, dataset: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of an answer that must be given."""
        answer = self.ask(dataset, **query)
        assert answer.status_code == 200, f"{self.name}: {answer.status_code} {answer.text[:500]}"
        found: list[dict[str, Any]] = answer.json()["result"][0]["data"]
        return found

    def sql(self, statement: str, limit: int = 1000) -> requests.Response:
        """Run a statement in SQL Lab."""
        return self.post(
            "/api/v1/sqllab/execute/",
            {
                "database_id": self.portal.number("database", "telmart"),
                "sql": statement,
                "runAsync": False,
                "queryLimit": limit,
                "client_id": f"{next(_clients):011d}",
            },
        )


_clients = itertools.count(1)


@dataclass
class Portal:
    """The running Superset."""

    world: Miniature
    bundle: Path
    _visitors: dict[str, Visitor] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.world.settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.superset_port}"

    def deploy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the deployment as ``telmart`` does."""
        return subprocess.run(
            [str(PYTHON), "-m", "superset_assets.deploy", "--bundle", str(self.bundle), *arguments],
            env=self.settings.process_env(), cwd=ROOT, check=False, capture_output=True, text=True,
        )  # fmt: skip

    def password(self, name: str) -> str:
        return self.settings.secret("web:" + name, 16)

    def visitor(self, name: str) -> Visitor:
        """``name``, signed in; the same browser for the whole session."""
        if name not in self._visitors:
            self._visitors[name] = self.sign_in(name, self.password(name))
        return self._visitors[name]

    def sign_in(self, name: str, password: str) -> Visitor:
        """Sign in with the form."""
        http = session()
        answer = self.try_password(http, name, password)
        assert answer.headers.get("Location") == "/", f"{name} could not sign in"
        token = http.get(f"{self.url}/api/v1/security/csrf_token/", timeout=60).json()["result"]
        http.headers.update({"X-CSRFToken": token, "Referer": self.url + "/"})
        return Visitor(self, name, http)

    def try_password(self, http: requests.Session, name: str, password: str) -> requests.Response:
        """Send the sign-in form once."""
        page = http.get(f"{self.url}/login/", timeout=60).text
        token = re.search(r'id="csrf_token"\s+value="([^"]+)"', page)
        assert token, "the sign-in page has no token"
        return http.post(
            f"{self.url}/login/",
            data={"username": name, "password": password, "csrf_token": token[1]},
            allow_redirects=False,
            timeout=60,
        )

    def number(self, kind: str, name: str) -> int:
        """Superset's number of a dataset, chart, dashboard or database."""
        return _numbers(self.settings.metadata_url("superset"))[kind, name]

    def metadata(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of Superset's own database."""
        import psycopg

        with psycopg.connect(self.settings.metadata_url("superset"), autocommit=True) as link:
            cursor = link.execute(query, values)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []


@cache
def _numbers(url: str) -> dict[tuple[str, str], int]:
    import psycopg

    query = """
        select 'dataset', table_name, id from tables
        union all select 'dashboard', slug, id from dashboards where slug is not null
        union all select 'chart', slice_name, id from slices
        union all select 'database', database_name, id from dbs
    """
    with psycopg.connect(url) as link:
        return {(kind, name): number for kind, name, number in link.execute(query)}


def text_of(answer: requests.Response) -> str:
    """Everything an answer says, JSON escapes undone."""
    try:
        return json.dumps(answer.json(), ensure_ascii=False)
    except ValueError:
        return answer.text
