"""Copying what is new in a remote landing area into a folder here, period by period.

A period folder appears whole or not at all: it is put together beside its place and renamed. What
it was made of stands in it, so that a file is fetched again only when it has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.contracts import Feed, all_feeds, parse_period
from orchestration.errors import TelmartError
from orchestration.loader.folders import put_in_place, staging_for
from orchestration.loader.manifest import NAME as MANIFEST
from orchestration.loader.naming import is_data_name
from orchestration.loader.remote import Remote, RemoteFile, is_remote, opened
from orchestration.settings import Settings

#: what a fetched folder was made of: file name to remote version
_MADE_OF = ".fetched.json"
Key = tuple[str, str, str]


@dataclass
class Fetched:
    """What one fetch did. ``periods`` are "feed period", ``unsettled`` what changed meanwhile."""

    periods: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0


def cache_folder(settings: Settings) -> Path:
    """Where copies of the remote landing area lie. It may be deleted: it is fetched again."""
    digest = hashlib.sha256(settings.landing.encode()).hexdigest()[:12]
    return settings.home / "landing-cache" / digest


def fetch(
    settings: Settings, month: str | None = None, tell: Callable[[str], None] = lambda _: None
) -> Fetched:
    """Bring the local copy up to date; does nothing where the landing area is a folder.

    Args:
        month: ``2026-10``: only periods of this month.
        tell: called with "feed period" before each period that is copied.

    Raises:
        TelmartError: the landing area cannot be reached or read. Periods copied before stay.
    """
    done = Fetched()
    if not is_remote(settings):
        return done
    cache = cache_folder(settings)
    with opened(settings) as remote:
        there, _ = _sorted_out(settings, remote)
        _sweep(cache, there)
        for key, files in sorted(there.items()):
            if month and not key[2].startswith(month):
                continue
            if _made_of(cache.joinpath(*key)) == _versions(files):
                continue
            tell(f"{key[0]}.{key[1]} {key[2]}")
            _fetch_period(remote, cache.joinpath(*key), files, key, done)
    return done


def waiting(settings: Settings) -> tuple[list[str], list[str]]:
    """What lies in the remote landing area: periods not fetched as they are, and folders no feed
    reads, each with the reason. Copies nothing.
    """
    cache = cache_folder(settings)
    with opened(settings) as remote:
        there, strays = _sorted_out(settings, remote)
    late = [
        f"{key[0]}.{key[1]} {key[2]}"
        for key, files in sorted(there.items())
        if _made_of(cache.joinpath(*key)) != _versions(files)
    ]
    return late, strays


def _sorted_out(
    settings: Settings, remote: Remote
) -> tuple[dict[Key, list[RemoteFile]], list[str]]:
    """Files by system, entity and period; and what is not read, with the reason."""
    feeds = all_feeds(settings)
    found: dict[Key, list[RemoteFile]] = {}
    strays: dict[str, None] = {}
    for (system, entity, period), file in remote.listing():
        why = _unread(feeds.get(f"{system}.{entity}"), f"{system}.{entity}", period)
        if why:
            folder = f"{remote.address.rstrip('/')}/{system}/{entity}"
            strays[f"{folder}{'' if 'no feed' in why else '/' + period}: {why}"] = None
        elif feeds[f"{system}.{entity}"].enabled and (
            is_data_name(file.name) or file.name == MANIFEST
        ):
            found.setdefault((system, entity, period), []).append(file)
    whole = {k: v for k, v in found.items() if any(f.name != MANIFEST for f in v)}
    return whole, list(strays)


def _unread(feed: Feed | None, name: str, period: str) -> str | None:
    if feed is None:
        return f"there is no feed {name}"
    if feed.source is not None:
        return f"{name} is pulled from {feed.source.name}, not fetched"
    try:
        parse_period(feed, period)
    except TelmartError as error:
        return error.message
    return None


def _fetch_period(
    remote: Remote, place: Path, files: list[RemoteFile], key: Key, done: Fetched
) -> None:
    name = f"{key[0]}.{key[1]} {key[2]}"
    staging = staging_for(place, "fetching")
    have = _made_of(place) or {}
    for file in files:
        target = staging / file.name
        if have.get(file.name) == _version(file) and (place / file.name).is_file():
            os.link(place / file.name, target)
            continue
        if not _copied(remote, file, target):
            done.unsettled.append(f"{name}: {file.name} is still being written")
            shutil.rmtree(staging)
            return
        done.files += 1
        done.bytes += file.size
    (staging / _MADE_OF).write_text(json.dumps(_versions(files)), encoding="utf-8")
    put_in_place(staging, place)
    done.periods.append(name)


def _copied(remote: Remote, file: RemoteFile, target: Path) -> bool:
    """Copy one file; False when it is not what was listed, so its sender is not done with it."""
    with contextlib.suppress(FileNotFoundError):
        remote.files.get_file(file.path, str(target))
    if not target.exists() or remote.again(file) != file or target.stat().st_size != file.size:
        return False
    with target.open("rb") as f:
        os.fsync(f.fileno())
    os.utime(target, ns=(file.mtime_ns, file.mtime_ns))
    return True


def _sweep(cache: Path, there: dict[Key, list[RemoteFile]]) -> None:
    """Take away copies of what is not there any more."""
    for made in cache.glob(f"*/*/*/{_MADE_OF}"):
        folder = made.parent
        system, entity, period = folder.relative_to(cache).parts
        if (system, entity, period) not in there:
            shutil.rmtree(folder)


def _made_of(folder: Path) -> dict[str, str] | None:
    try:
        versions: dict[str, str] = json.loads((folder / _MADE_OF).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return versions


def _versions(files: list[RemoteFile]) -> dict[str, str]:
    return {f.name: _version(f) for f in files}


def _version(file: RemoteFile) -> str:
    return f"{file.size} {file.version}"
