"""Whether an arrival is there as a whole, and whether it was refused as it lies there."""

from __future__ import annotations

import json
from typing import Any

from psycopg import Connection

from orchestration.contracts import Feed
from orchestration.loader.result import Arrival

#: files are taken as whole when nothing was written to them for this long
SETTLE_S = 30
#: files that a manifest names and that are not there are waited for this long; then the load says
#: which they are
MISSING_S = 600
_LATEST = """
    select state, files, contract_version, extract(epoch from started_at)::float from ops.load
    where feed = %s and period = %s and state <> 'skipped' order by load_id desc limit 1
"""


def is_settled(arrival: Arrival, now: float) -> bool:
    """Whether the arrival is complete: by its manifest, else by nobody having written for a while.

    The time of the last change of the inode is taken, which no copying program sets back.

    Args:
        now: seconds since 1970.
    """
    try:
        paths = [*arrival.files, *([arrival.manifest] if arrival.manifest else [])]
        quiet = now - max(path.stat().st_ctime for path in paths)
    except FileNotFoundError:  # renamed or taken away this very moment
        return False
    complete = _complete(arrival)
    if complete is None:
        return quiet >= SETTLE_S
    return complete or quiet >= MISSING_S


def refused_as_it_is(connection: Connection[Any], feed: Feed, arrival: Arrival) -> bool:
    """Whether the latest attempt refused these very files under this contract."""
    row = connection.execute(_LATEST, [arrival.feed, arrival.period]).fetchone()
    if row is None or row[0] != "rejected" or row[2] != feed.version:
        return False
    here = {(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in arrival.files}
    tried = {(f["name"], f["bytes"], f["mtime_ns"]) for f in row[1] or ()}
    manifest_is_newer = arrival.manifest and arrival.manifest.stat().st_ctime > row[3]
    return here == tried and not manifest_is_newer


def _complete(arrival: Arrival) -> bool | None:
    """Whether all files the manifest names are there in full; None where it does not say."""
    if arrival.manifest is None:
        return None
    try:
        listed = json.loads(arrival.manifest.read_text(encoding="utf-8"))["files"]
        sizes = {entry["name"]: int(entry["bytes"]) for entry in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it names no sizes, or is itself still being written
    there = {path.name: path.stat().st_size for path in arrival.files}
    return all(there.get(name) == size for name, size in sizes.items())
