"""Fixtures of the whole suite: a scratch database server, and one finished product."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.settings import ROOT, Settings

CHROMIUM = Path(os.environ.get("TELMART_CHROMIUM", "/usr/bin/chromium"))
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

# pytest-xdist tells its processes of a terminal 80 wide; there is none, and tests name their width
os.environ.pop("COLUMNS", None)

#: what tests share that cannot be shared between processes, the longest first
SHARED = (
    "demo", "operator", "dirty", "everything", "installation", "built", "frugal",
    "world", "scoring",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under ``make test``, which has a process for each core: who shares a server stays together.

    What takes longest begins first, so that no process is left alone with it at the end.
    """
    places = {}
    for item in items:
        needed = getattr(item, "fixturenames", ())
        shared = next((name for name in SHARED if name in needed), None)
        group = item.path.parent.name if shared else item.path.stem
        if shared == "demo":
            group = shared  # there is one, for all folders
        item.add_marker(pytest.mark.xdist_group(f"{group}-{shared}" if shared else group))
        places[item] = SHARED.index(shared) if shared else len(SHARED)
    items.sort(key=places.__getitem__)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are not spelt out: gzip writes the time into them, and every process of a run has to
    give a test the same name."""
    return argname if isinstance(val, bytes) else None


def free_port() -> int:
    """A port nobody listens on right now."""
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def scratch_settings(home: Path) -> Settings:
    """Settings of an installation of its own under ``home``, on free ports."""
    return Settings(
        home=home,
        landing=str(home / "landing"),
        external_url=None,
        pg_port=free_port(),
        superset_port=free_port(),
        dagster_port=free_port(),
        timezone="Asia/Shanghai",
        operator=None,
        superset_workers=2,
    )


@pytest.fixture(scope="session")
def graph_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """No server is needed: contracts, suites, the manifest of dbt and the graph are files."""
    return scratch_settings(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running, provisioned and otherwise empty warehouse, shared by the session."""
    settings = scratch_settings(tmp_path_factory.mktemp("scratch"))
    server = EmbeddedServer(settings)
    server.start()
    provision(settings)
    yield settings
    server.remove()


@dataclass(frozen=True)
class Demo:
    """The finished product of ``make demo``, running."""

    settings: Settings

    @property
    def base_url(self) -> str:
        """Address of the dashboards."""
        return f"http://127.0.0.1:{self.settings.superset_port}"

    def password(self, person: str) -> str:
        """The generated web password of ``person``."""
        return self.settings.secret("web:" + person, 16)


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """The whole product on generated data, brought up by the command people use.

    It lives in ``.telmart-test`` and is kept between sessions, so a second session only checks
    that nothing changed. In CI the folder is new.
    """
    home = Path(os.environ.get("TELMART_TEST_HOME") or ROOT / ".telmart-test")
    env = {
        **os.environ,
        "TELMART_HOME": str(home),
        "TELMART_PG_PORT": os.environ.get("TELMART_TEST_PG_PORT", "15442"),
        "TELMART_SUPERSET_PORT": os.environ.get("TELMART_TEST_SUPERSET_PORT", "18098"),
        "TELMART_DAGSTER_PORT": os.environ.get("TELMART_TEST_DAGSTER_PORT", "13010"),
        "TELMART_WATCH": "off",  # tests load when they say so
    }
    env.pop("TELMART_LANDING", None)
    env.pop("TELMART_OPERATOR", None)
    telmart = [sys.executable, "-m", "orchestration.cli"]
    done = subprocess.run([*telmart, "demo"], env=env, cwd=ROOT, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, (
        f"telmart demo failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            if name.startswith("TELMART_"):
                patch.setenv(name, value)
        settings = Settings.from_env()
    yield Demo(settings)
    subprocess.run([*telmart, "down"], env=env, cwd=ROOT, check=False, capture_output=True)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser; CI must have it, elsewhere its tests are skipped loudly."""
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"CI has no browser at {CHROMIUM}; .ci/run installs it")
        pytest.skip(f"no browser at {CHROMIUM}; set TELMART_CHROMIUM")
    return CHROMIUM


@pytest.fixture(scope="session")
def chrome(chromium: Path) -> Iterator[Browser]:
    """The one browser of the session: a second one in the same process cannot start."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield running
        running.close()
