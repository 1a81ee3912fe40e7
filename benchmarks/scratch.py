"""A server and a folder for a benchmark, gone when it ends."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.settings import Settings


@contextlib.contextmanager
def scratch_server(operator: bool = True) -> Iterator[tuple[Settings, Path]]:
    """Settings of a running, empty warehouse, and a folder its server can read.

    Both lie under the system's temporary folder, which should be on the disk that is measured.
    """
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        port = int(s.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="telmart-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as another user
        settings = Settings(
            home=folder / "home", landing=str(folder / "landing"), external_url=None,
            pg_port=port, superset_port=0, dagster_port=0, timezone="Asia/Shanghai",
            operator=folder / "operator" if operator else None,
        )  # fmt: skip
        server = EmbeddedServer(settings)
        server.start()
        try:
            provision(settings)
            yield settings, folder
        finally:
            server.remove()
