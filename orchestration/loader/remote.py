"""A landing area that is an address (s3://, sftp://, any fsspec system): reaching and listing it.

Nothing is loaded from afar. ``fetching`` copies what is new into a folder of the installation, and
the loader reads that folder as it reads any other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from orchestration.errors import TelmartError
from orchestration.settings import Settings

#: the extra that brings an address's library
_EXTRAS = {"s3": "s3", "s3a": "s3", "sftp": "sftp", "ssh": "sftp"}
#: one listing call names every object below a prefix; elsewhere folders are walked
_FLAT = {"s3", "s3a", "gs", "gcs", "oss", "abfs", "az"}
#: seconds: a server that says nothing for so long is not there
_CONNECT, _SILENT = 15, 60
_SIDE_BY_SIDE = 8
#: system, feed, period, file
_DEPTH = 4


@dataclass(frozen=True)
class RemoteFile:
    """One file as the listing shows it. ``version`` changes whenever its content may have."""

    path: str
    name: str
    size: int
    version: str
    changed_at: float

    @property
    def mtime_ns(self) -> int:
        """The time its copy is given: the remote one, with the version in the nanoseconds.

        The ledger compares sizes and times. Remote times have whole seconds, in which a file can be
        replaced by another of its size; a copy made again of the same version must look the same.
        """
        digest = hashlib.sha256(f"{self.size} {self.version}".encode()).digest()
        return int(self.changed_at) * 10**9 + int.from_bytes(digest[:4], "big") % 10**9


@dataclass(frozen=True)
class Remote:
    """An open remote landing area."""

    files: Any
    root: str
    address: str
    flat: bool

    def listing(self) -> Iterator[tuple[tuple[str, ...], RemoteFile]]:
        """System, feed, period and file of everything there, at that depth."""
        found = self._find() if self.flat else self._walk()
        for info in found:
            path = info["name"].rstrip("/")
            parts = tuple(path.removeprefix(self.root).strip("/").split("/"))
            if len(parts) == _DEPTH and not any(p.startswith((".", "_")) for p in parts[:3]):
                yield parts[:3], _file(path, info)

    def again(self, file: RemoteFile) -> RemoteFile | None:
        """The file as it is now, None when it is gone."""
        self.files.invalidate_cache()
        try:
            return _file(file.path, self.files.info(file.path))
        except FileNotFoundError:
            return None

    def _find(self) -> list[dict[str, Any]]:
        # A prefix that is not there holds nothing; a bucket that is not there is a mistake.
        bucket = self.root.split("/", maxsplit=1)[0]
        found: dict[str, dict[str, Any]] = self.files.find(self.root, detail=True)
        if not found:
            self.files.ls(bucket)
        return list(found.values())

    def _walk(self) -> Iterator[dict[str, Any]]:
        """The files at the right depth, level by level; the folders of a level side by side, for
        each costs several round trips."""
        folders = [self.root]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for level in range(1, _DEPTH + 1):
                found = [info for infos in pool.map(self._list, folders) for info in infos]
                if level == _DEPTH:
                    yield from (info for info in found if info["type"] == "file")
                folders = [str(i["name"]) for i in found if i["type"] == "directory"]

    def _list(self, folder: str) -> list[dict[str, Any]]:
        # what a link leads to, under the link's own name
        return [
            {**self.files.info(i["name"]), "name": i["name"]} if i["type"] == "link" else i
            for i in self.files.ls(folder, detail=True)
        ]


@dataclass
class _Access:
    """What a protocol's library is given: read from the environment and ``<home>/telmart.env``."""

    settings: Settings
    options: dict[str, Any] = field(default_factory=dict)

    def take(self, option: str, variable: str) -> None:
        value = self.settings.variable(variable)
        if value:
            self.options[option] = value


def is_remote(settings: Settings) -> bool:
    """Whether TELMART_LANDING is an address and no folder."""
    return "://" in settings.landing.removeprefix("file://")


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Remote]:
    """The landing area at ``TELMART_LANDING``.

    Raises:
        TelmartError: whatever goes wrong with it inside the block, with what to do.
    """
    address, url = settings.landing, urlsplit(settings.landing)
    if url.password:
        raise TelmartError(
            f"TELMART_LANDING holds a password ({url.scheme}://{url.hostname}).",
            "Take it out of the address. Write TELMART_LANDING_PASSWORD into the environment or"
            f" {settings.home / 'telmart.env'} instead, or use a key.",
        )
    try:
        files, root = _connect(settings, url.scheme)
        yield Remote(files, root, address, url.scheme in _FLAT)
    except TelmartError:
        raise
    except ImportError as error:
        extra = _EXTRAS.get(url.scheme)
        raise TelmartError(
            f"Reading {url.scheme}:// needs a library that is not installed: {error}.",
            f'Install it: uv pip install "telmart[{extra}]".' if extra else "Install it.",
        ) from error
    except Exception as error:  # whatever a file system's library raises: there is no common base
        raise _explained(address, url.scheme, error) from error


def _connect(settings: Settings, scheme: str) -> tuple[Any, str]:
    import fsspec  # noqa: PLC0415 - with s3fs half a second that other commands need not pay

    if scheme in {"sftp", "ssh"}:
        # fsspec's own accepts any host key; this one is told below to know the host
        from sshfs import SSHFileSystem  # noqa: PLC0415

        for name in ("sftp", "ssh"):
            fsspec.register_implementation(name, SSHFileSystem, clobber=True)
    # an instance from the cache may hold a connection or a listing of long ago
    options = {"skip_instance_cache": True, **_options(settings, scheme)}
    files, root = fsspec.core.url_to_fs(settings.landing, **options)
    return files, str(root).rstrip("/")


def _options(settings: Settings, scheme: str) -> dict[str, Any]:
    access = _Access(settings)
    if _EXTRAS.get(scheme) == "s3":
        for option, variable in (
            ("key", "AWS_ACCESS_KEY_ID"),
            ("secret", "AWS_SECRET_ACCESS_KEY"),
            ("token", "AWS_SESSION_TOKEN"),
            ("endpoint_url", "AWS_ENDPOINT_URL"),
            ("endpoint_url", "AWS_ENDPOINT_URL_S3"),
            ("profile", "AWS_PROFILE"),
        ):
            access.take(option, variable)
        access.options["config_kwargs"] = {
            "connect_timeout": _CONNECT,
            "read_timeout": _SILENT,
            "retries": {"max_attempts": 2},
        }
    if _EXTRAS.get(scheme) == "sftp":
        access.take("password", "TELMART_LANDING_PASSWORD")
        access.take("client_keys", "TELMART_LANDING_KEY")
        # (): ~/.ssh/known_hosts; the library's own default is to trust whoever answers
        access.options["known_hosts"] = settings.variable("TELMART_LANDING_KNOWN_HOSTS") or ()
        access.options["connect_timeout"] = _CONNECT
        access.options["keepalive_interval"] = _SILENT // 4
    text = settings.variable("TELMART_LANDING_OPTIONS")
    if text:
        try:
            access.options.update(json.loads(text))
        except (ValueError, TypeError) as error:
            raise TelmartError(
                f"TELMART_LANDING_OPTIONS is no JSON object: {error}.",
                'Write it like {"anon": true}; the options are those of the fsspec file system.',
            ) from error
    return access.options


def _file(path: str, info: dict[str, Any]) -> RemoteFile:
    """A listing's entry: systems name the time and the tag of a file differently."""
    when = next(
        (info[k] for k in ("mtime", "LastModified", "last_modified", "modified") if info.get(k)), 0
    )
    seconds = when.timestamp() if hasattr(when, "timestamp") else float(when or 0)
    tag = info.get("ETag") or info.get("etag") or info.get("content_hash") or ""
    size = int(info["size"])
    return RemoteFile(path, path.rsplit("/", 1)[-1], size, f"{tag or seconds}", seconds)


def _explained(address: str, scheme: str, error: BaseException) -> TelmartError:
    """An error of a library as one that says what to do. Never repeats options: they hold keys."""
    causes = [error]
    while (under := causes[-1].__cause__ or causes[-1].__context__) and len(causes) < 5:
        causes.append(under)
    kinds = {k.__name__ for one in causes for k in type(one).__mro__}
    what = str(error).strip().rstrip(".").splitlines()[0:1]
    said = f"{type(error).__name__}: {what[0] if what else 'no more is known'}"
    s3 = _EXTRAS.get(scheme) == "s3"
    if "HostKeyNotVerifiable" in kinds:
        return TelmartError(
            f"The host of {address} is not known: {said}.",
            "Have its key confirmed by whoever runs it and add it to ~/.ssh/known_hosts (or to the"
            " file named in TELMART_LANDING_KNOWN_HOSTS).",
        )
    if kinds & {
        "NoCredentialsError",
        "PermissionError",
        "PermissionDenied",
        "SFTPPermissionDenied",
    }:
        return TelmartError(
            f"{address} refuses access: {said}.",
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), and that they may"
            " list and read the bucket."
            if s3
            else "Check the user in the address, the key in ~/.ssh (or TELMART_LANDING_KEY,"
            " TELMART_LANDING_PASSWORD), and that this user may read the folder.",
        )
    if kinds & {"FileNotFoundError", "SFTPNoSuchFile"}:
        return TelmartError(
            f"{address} is not there: {said}.",
            "Check TELMART_LANDING: the "
            + ("bucket must exist." if s3 else "folder must exist on the server."),
        )
    if kinds & {"ConnectionLost", "IncompleteRead", "ClientPayloadError", "ResponseStreamingError"}:
        return TelmartError(
            f"The connection to {address} broke off: {said}.",
            "Nothing half-copied is loaded. Run the same command again: what is whole is kept.",
        )
    return TelmartError(
        f"{address} does not answer: {said}.",
        "Check the host, the port"
        + (", AWS_ENDPOINT_URL" if s3 else "")
        + " and the network, then run the same command again.",
    )
