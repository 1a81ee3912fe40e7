"""A TCP relay that can cut connections in the middle: what a client sees of a broken line."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Relay:
    """Passes connections on to ``port`` of this machine.

    ``cut_after`` bytes from the server, counted over all connections from when it is set, every
    connection is closed and no new one is accepted to the end of the cut; None: never.
    """

    port: int
    cut_after: int | None = None
    passed: int = 0
    own_port: int = 0
    _listener: socket.socket = field(default_factory=socket.socket)

    def __enter__(self) -> Relay:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.own_port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut(self, after: int) -> None:
        """Cut after so many more bytes."""
        self.passed, self.cut_after = 0, after

    def mend(self) -> None:
        """Pass everything again."""
        self.cut_after = None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_cut():
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self.port))
                for end in (client, server):  # small packets must not wait for each other
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
                threading.Thread(
                    target=self._pass, args=(server, client, True), daemon=True
                ).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if counted:
                    self.passed += len(data)
                    if self._is_cut():
                        break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _is_cut(self) -> bool:
        return self.cut_after is not None and self.passed >= self.cut_after
