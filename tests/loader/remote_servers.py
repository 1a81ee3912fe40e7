"""Servers that hold a landing area: S3 over HTTP (moto's) and SFTP over SSH (asyncssh's)."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncssh
import boto3
from moto.server import ThreadedMotoServer

from tests.cutting import Relay

BUCKET, USER, PASSWORD = "extracts", "telmart", "s3cr3t-of-sftp"


class Store(Protocol):
    """A remote landing area under test."""

    address: str
    relay: Relay
    variables: dict[str, str]

    def put(self, path: str, content: bytes) -> None: ...

    def remove(self, path: str) -> None: ...


@dataclass
class S3Store:
    """A bucket."""

    relay: Relay
    client: Any
    address: str = f"s3://{BUCKET}/landing"
    variables: dict[str, str] = field(default_factory=dict)

    def put(self, path: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"landing/{path}", Body=content)

    def remove(self, path: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f"landing/{path}")


@dataclass
class SftpStore:
    """A folder served over SSH."""

    relay: Relay
    folder: Path
    address: str
    variables: dict[str, str]

    def put(self, path: str, content: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        before = target.stat().st_mtime if target.exists() else 0
        target.write_bytes(content)
        if before:  # SFTP tells whole seconds
            os.utime(target, (before + 1, before + 1))

    def remove(self, path: str) -> None:
        (self.folder / path).unlink()


@contextmanager
def s3_store() -> Iterator[S3Store]:
    """An S3 server with one bucket, behind a relay."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    keys = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-s3"}
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=BUCKET)
    with Relay(port) as relay:
        variables = {**keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{relay.own_port}"}
        yield S3Store(relay, client, variables=variables)
    server.stop()


class _Server(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def sftp_store(folder: Path) -> Iterator[SftpStore]:
    """An SFTP server over ``folder``/served, behind a relay; its host key is a known one."""
    served = folder / "served"
    (served / "landing").mkdir(parents=True)
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], server_factory=_Server,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(served).encode()),
        )  # fmt: skip

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    with Relay(server.get_port()) as relay:
        known = folder / "known_hosts"
        public = key.export_public_key().decode().strip()
        known.write_text(f"[127.0.0.1]:{relay.own_port} {public}\n", encoding="ascii")
        yield SftpStore(
            relay,
            served / "landing",
            f"sftp://{USER}@127.0.0.1:{relay.own_port}/landing",
            {"TELMART_LANDING_PASSWORD": PASSWORD, "TELMART_LANDING_KNOWN_HOSTS": str(known)},
        )

    async def close() -> None:
        server.close()
        await server.wait_closed()

    asyncio.run_coroutine_threadsafe(close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
