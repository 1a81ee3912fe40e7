"""The landing area: ``<landing>/<system>/<feed>/<period>/<files>``, and what in it is new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestration.contracts import Feed, Period, all_feeds, parse_period
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.loader import ledger
from orchestration.loader.fetching import cache_folder, waiting
from orchestration.loader.manifest import NAME as MANIFEST
from orchestration.loader.manifest import read_manifest
from orchestration.loader.naming import is_data_file
from orchestration.loader.opening import sha256_of
from orchestration.loader.remote import is_remote
from orchestration.loader.result import Arrival, RejectedError
from orchestration.settings import Settings


def landing_folder(settings: Settings) -> Path:
    """The landing area as a local folder: itself, or the copy of a remote one."""
    if is_remote(settings):
        return cache_folder(settings)
    return Path(settings.landing.removeprefix("file://"))


def discover(settings: Settings) -> list[Arrival]:
    """Everything that lies in the landing area for a feed of this installation."""
    return sorted(_walk(settings)[0], key=lambda a: (a.period, a.feed))


def strays(settings: Settings) -> list[str]:
    """Folders of the landing area that no feed reads, each with the reason.

    Raises:
        TelmartError: the landing area is remote and cannot be read.
    """
    return waiting(settings)[1] if is_remote(settings) else _walk(settings)[1]


def pending(settings: Settings) -> list[Arrival]:
    """Arrivals that differ from what is loaded, oldest period first.

    Of a remote landing area this sees what was fetched. Cheap: a period counts as unchanged while
    the names, sizes and modification times of its files are those of the current load. Only when
    these differ is the content hashed; if it is the same, the new times are remembered. What was
    loaded by hand from elsewhere stands until something in the landing area is written anew.
    """
    feeds = all_feeds(settings)
    found = [a for a in discover(settings) if feeds[a.feed].enabled]
    with connect(settings) as connection:
        rows = connection.execute(
            "select feed, period, load_id, files, manifest, contract_version, rows_loaded"
            " from ops.load where is_current"
        ).fetchall()
        loaded = {(r[0], r[1]): ledger.Entry(*r[2:]) for r in rows}
        replaced: dict[tuple[str, str], list[list[dict[str, Any]]]] = {}
        for feed, period, files in connection.execute(
            "select feed, period, files from ops.load where state = 'loaded' and not is_current"
        ):
            replaced.setdefault((feed, period), []).append(files)
        return [
            a
            for a in found
            if not _overruled(a, loaded.get((a.feed, a.period)), replaced.get((a.feed, a.period)))
            and _differs(
                connection, feeds[a.feed].for_period(a.period), a, loaded.get((a.feed, a.period))
            )
        ]


def arrival_of(settings: Settings, path: Path) -> tuple[str, str] | None:
    """Feed and period of a file that lies in the landing area; None if it lies elsewhere."""
    try:
        parts = path.resolve().relative_to(landing_folder(settings).resolve()).parts
    except ValueError:
        return None
    return (f"{parts[0]}.{parts[1]}", parts[2]) if len(parts) == 4 else None


def data_files(settings: Settings, feed: Feed, period: Period, files: list[Path]) -> list[Path]:
    """The files without manifests, in the order of their names.

    Raises:
        TelmartError: none, missing, two of one name, or lying in another period's landing folder.
    """
    paths = sorted((Path(f) for f in files if is_data_file(Path(f))), key=lambda p: p.name)
    if not paths:
        raise TelmartError(
            f"There is no file to load for {feed.name} {period.text}.", "Name at least one file."
        )
    for path in paths:
        if not path.is_file():
            raise TelmartError(f"There is no file {path}.", "Check the name and the folder.")
        lies_in = arrival_of(settings, path)
        if lies_in and lies_in != (feed.name, period.text):
            raise TelmartError(
                f"{path.name} lies in the landing area as {lies_in[0]} {lies_in[1]}, but it is"
                f" being loaded as {feed.name} {period.text}.",
                "Load it as what it is, or move it to the right folder first.",
            )
    names = [p.name for p in paths]
    for twice in {n for n in names if names.count(n) > 1}:
        raise TelmartError(f"Two files are called {twice}.", "Rename one of them.")
    return paths


def _walk(settings: Settings) -> tuple[list[Arrival], list[str]]:
    root = landing_folder(settings)
    feeds = all_feeds(settings)
    found: list[Arrival] = []
    unread: list[str] = []
    for folder in _folders(root):
        for feed_folder in _folders(folder):
            name = f"{folder.name}.{feed_folder.name}"
            if name not in feeds:
                unread.append(f"{feed_folder}: there is no feed {name}")
                continue
            for period_folder in _folders(feed_folder):
                try:
                    parse_period(feeds[name], period_folder.name)
                except TelmartError as error:
                    unread.append(f"{period_folder}: {error.message}")
                    continue
                files = tuple(
                    sorted(p for p in period_folder.iterdir() if p.is_file() and is_data_file(p))
                )
                manifest = period_folder / MANIFEST
                if files:
                    found.append(
                        Arrival(
                            name, period_folder.name, files, manifest if manifest.exists() else None
                        )
                    )
    return found, unread


def _folders(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] not in "._")


def _said(arrival: Arrival, feed: Feed) -> dict[str, Any] | None:
    """What the manifest says; an unreadable one equals no other, so that its load tells why."""
    try:
        return read_manifest(arrival.manifest, feed).content if arrival.manifest else None
    except RejectedError as error:
        return {"error": error.message}


def _overruled(
    arrival: Arrival, now: ledger.Entry | None, replaced: list[list[dict[str, Any]]] | None
) -> bool:
    """Whether a load by hand stands in the place of exactly these files, untouched since."""
    if now is None or not replaced or not any(f.get("by_hand") for f in now.sent):
        return False
    here = {(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in arrival.files}
    return any(here == {(f["name"], f["bytes"], f["mtime_ns"]) for f in old} for old in replaced)


def _differs(connection: Any, feed: Feed, arrival: Arrival, now: ledger.Entry | None) -> bool:
    if now is None or now.contract_version != feed.version or _said(arrival, feed) != now.manifest:
        return True
    here = {p.name: p.stat() for p in arrival.files}
    known = {f["name"]: f for f in now.sent}
    if here.keys() == known.keys() and all(
        (s.st_size, s.st_mtime_ns) == (known[n]["bytes"], known[n]["mtime_ns"])
        for n, s in here.items()
    ):
        return False
    if sorted(s.st_size for s in here.values()) != sorted(f["bytes"] for f in now.sent):
        return True  # no need to hash
    digests = {p.name: sha256_of(p) for p in arrival.files}
    by_digest = {f["sha256"]: f for f in now.sent}
    if sorted(digests.values()) != sorted(f["sha256"] for f in now.sent):
        return True
    renewed = [
        {**by_digest[digest], "name": name, "mtime_ns": here[name].st_mtime_ns}
        for name, digest in digests.items()
    ]
    corrections = [f for f in now.files if f.get("correction")]
    ledger.remember_times(connection, now.load_id, renewed + corrections)
    connection.commit()
    return False
