"""Services are started, recognised and stopped whatever happened in between."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from orchestration.engine.services import Service
from orchestration.errors import TelmartError
from orchestration.settings import Settings
from tests.conftest import scratch_settings

SERVER = """
import http.server, sys
handler = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()
"""


@pytest.fixture
def service(tmp_path: Path) -> Service:
    settings = scratch_settings(tmp_path)
    made = Service(
        name="web", command=[sys.executable, "-c", SERVER, str(settings.dagster_port)],
        port=settings.dagster_port, health="/", port_setting="TELMART_DAGSTER_PORT",
        settings=settings,
    )  # fmt: skip
    yield made
    made.stop()


def test_start_and_stop(service: Service) -> None:
    assert service.start() is True
    assert service.is_healthy()
    assert service.start() is False, "a running service is left alone"
    assert service.stop() is True
    assert not service.is_healthy()
    assert service.stop() is False


def test_killed_service_comes_back(service: Service) -> None:
    service.start()
    os.kill(service.process().pid, signal.SIGKILL)
    assert service.start() is True
    assert service.is_healthy()


def test_pid_of_a_stranger_is_not_ours(service: Service) -> None:
    """After a reboot the noted number may belong to anybody: here, to this very test."""
    service.settings.run_dir.mkdir(parents=True)
    note = {"pid": os.getpid(), "started": psutil.Process().create_time() - 60}
    (service.settings.run_dir / "web.pid").write_text(json.dumps(note))
    assert service.process() is None
    assert service.stop() is False


def test_taken_port_names_the_setting(service: Service) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", service.port))
        squatter.listen()
        with pytest.raises(TelmartError, match=f"Port {service.port} is taken") as caught:
            service.start()
    assert "TELMART_DAGSTER_PORT" in caught.value.remedy


def test_program_that_ends_says_its_last_words(tmp_path: Path) -> None:
    settings = scratch_settings(tmp_path)
    broken = Service(
        name="web", command=[sys.executable, "-c", "raise SystemExit('no such database')"],
        port=settings.dagster_port, health="/", port_setting="X", settings=settings,
    )  # fmt: skip
    with pytest.raises(TelmartError, match="no such database") as caught:
        broken.start()
    assert str(broken.log) in caught.value.remedy


@pytest.mark.parametrize("said", ["auto", "0", "-1", "2.5"])
def test_a_number_of_processes_that_is_none(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("TELMART_SUPERSET_WORKERS", said)
    with pytest.raises(TelmartError, match=f"TELMART_SUPERSET_WORKERS is {said}") as refused:
        Settings.from_env()
    assert "1 or more" in str(refused.value.remedy)
