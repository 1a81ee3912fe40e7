"""What the arrival sensor sees: whether a refresh should start now, and under which key.

The same question as `telmart run` asks, minus what is still being copied and what was refused as
it lies there. The key names the state that was seen, so that one arrival starts one run.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from orchestration.contracts import all_feeds
from orchestration.engine.databases import connect
from orchestration.loader import Arrival, is_settled, pending, refused_as_it_is
from orchestration.loader.fetching import waiting
from orchestration.loader.remote import is_remote
from orchestration.publication import open_holds
from orchestration.refresh.lock import is_at_work
from orchestration.refresh.manifest import is_fresh
from orchestration.refresh.work import note_work
from orchestration.settings import Settings

#: how often the sensor looks
INTERVAL_S = 30
#: a run that broke off (the server went away, the disk was full) is tried again after this
RETRY_S = 600
#: runs of the sensor carry the key they were started with
SENSOR_TAG = "telmart/arrival"
_UNPUBLISHED = "select exists (select from ops.load where is_current and published_at is null)"
_SHOWN = 5


@dataclass(frozen=True)
class Look:
    """What there was to see. ``key`` is empty when nothing should start; ``said`` tells why."""

    key: str
    said: str


def look(settings: Settings, now: float | None = None) -> Look:
    """Compare the landing area with the ledger.

    Args:
        now: seconds since 1970, to judge which files have settled; the clock if not given.

    Raises:
        TelmartError: the warehouse does not answer, a contract cannot be read.
    """
    if is_at_work(settings):
        return Look("", "A refresh is at work.")
    now = time.time() if now is None else now
    elsewhere = _elsewhere(settings, now)
    if elsewhere:
        return Look(_digest(elsewhere), f"To be brought in: {_shortly(sorted(elsewhere))}")
    feeds = all_feeds(settings)
    new, still_coming, refused = [], [], []
    arrivals = pending(settings)
    with connect(settings) as warehouse:
        for arrival in arrivals:
            if not is_settled(arrival, now):
                still_coming.append(arrival)
            elif refused_as_it_is(warehouse, feeds[arrival.feed], arrival):
                refused.append(arrival)
            else:
                new.append(arrival)
        left = [] if new else _unfinished(settings, warehouse)
    if new:
        parts = [f"{a.feed} {a.period} {_state(a)} {feeds[a.feed].version}" for a in new]
        return Look(_digest(parts), f"New: {_named(new)}")
    if left:
        return Look(_digest(left), "Loaded and complete, but not published yet.")
    said = "Nothing new."
    if still_coming:
        said = f"Still being written: {_named(still_coming)}"
    elif refused:
        said = f"Refused, and unchanged since: {_named(refused)}"
    return Look("", said)


def _elsewhere(settings: Settings, now: float) -> list[str]:
    """What a refresh would pull from databases and fetch from a remote landing area.

    The hour is part of it: what could not be brought in is tried again in the next. A feed without
    periods is asked for once a day, for only its source knows whether it changed.
    """
    local = datetime.fromtimestamp(now, ZoneInfo(settings.timezone))
    due = []
    if any(feed.enabled and feed.source for feed in all_feeds(settings).values()):
        from orchestration.sources import due_periods  # noqa: PLC0415 - SQLAlchemy

        due = due_periods(settings, local.replace(tzinfo=None))
    whole = [f"{feed} full on {local:%Y-%m-%d}" for feed, period in due if period == "full"]
    periods = [f"{feed} {period}" for feed, period in due if period != "full"]
    if is_remote(settings):
        periods += waiting(settings)[0]
    return whole + [f"{what} at {local:%Y-%m-%d %H}" for what in periods]


def _unfinished(settings: Settings, warehouse: psycopg.Connection[Any]) -> list[str]:
    """Loads that a refresh which was killed left unpublished, though their months are complete.

    What a check holds back is left alone: testing the same rows again would find the same.
    """
    row = warehouse.execute(_UNPUBLISHED).fetchone()
    if row != (True,) or not is_fresh(settings):
        return []
    work, holds = note_work(settings), open_holds(warehouse)
    if work.everything or not work.months:
        return []
    loads = {i for mart, of in work.marts.items() for i in of.load_ids
             if of.months and not any(hold.stops(mart) for hold in holds)}  # fmt: skip
    return [f"load {load_id}" for load_id in sorted(loads | set(work.beside))]


def _state(arrival: Arrival) -> str:
    files = [*arrival.files, *([arrival.manifest] if arrival.manifest else [])]
    stats = [(path.name, path.stat()) for path in files]
    return " ".join(f"{name}:{s.st_size}:{s.st_mtime_ns}" for name, s in stats)


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:24]


def _named(arrivals: Sequence[Arrival]) -> str:
    return _shortly([f"{a.feed} {a.period}" for a in arrivals])


def _shortly(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
