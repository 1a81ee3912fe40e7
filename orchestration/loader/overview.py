"""The state of every feed at a glance, for people and programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from orchestration.contracts import all_feeds
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.loader.drift import describe
from orchestration.loader.fetching import waiting
from orchestration.loader.landing import strays
from orchestration.loader.lateness import late_feeds
from orchestration.loader.remote import is_remote
from orchestration.settings import Settings

_CURRENT = (
    "select distinct on (feed) feed, period, rows_loaded, finished_at, drift,"
    " count(*) over (partition by feed) as periods"
    " from ops.load where is_current order by feed, period_date desc"
)
#: attempts that went wrong and were not followed by a good one of the same period
_WRONG = (
    "select distinct on (feed) feed, period, state, error from ops.load w"
    " where state in ('running', 'rejected', 'failed') and not exists ("
    "  select 1 from ops.load n where n.feed = w.feed and n.period = w.period"
    "  and n.load_id > w.load_id and n.state in ('loaded', 'rejected', 'failed', 'running'))"
    " order by feed, load_id desc"
)


def feed_states(settings: Settings, now: datetime | None = None) -> list[dict[str, Any]]:
    """One entry per feed: latest loaded period, its rows, and what stands in the way.

    ``state`` is loaded, never, off, or that of the last attempt that went wrong; ``drift`` is how
    the latest loaded period differed from the contract. ``late_since`` is when the oldest of
    ``late_periods`` was due, judged at ``now`` (see ``late_feeds``).
    """
    late = {x.feed: x for x in late_feeds(settings, now)}
    with connect(settings, row_factory=dict_row) as connection:
        current = {r["feed"]: r for r in connection.execute(_CURRENT)}
        wrong = {r["feed"]: r for r in connection.execute(_WRONG)}
    states = []
    for name, feed in all_feeds(settings).items():
        now, bad = current.get(name), wrong.get(name)
        state = "loaded" if now else "never"
        if bad:
            state = bad["state"]
        if not feed.enabled:
            state = "off"
        states.append(
            {
                "feed": name,
                "name_zh": feed.name_zh,
                "kind": feed.period_kind,
                "period": now["period"] if now else None,
                "periods": now["periods"] if now else 0,
                "rows": now["rows_loaded"] if now else None,
                "state": state,
                "loaded_at": now["finished_at"] if now else None,
                "drift": describe(now["drift"]) if now else [],
                "error": bad["error"] if bad else None,
                "error_period": bad["period"] if bad else None,
                "owner": feed.owner,
                "late_since": late[name].since if name in late else None,
                "late_periods": list(late[name].periods) if name in late else [],
            }
        )
    return states


def unread_folders(settings: Settings) -> list[str]:
    """Folders of the landing area that no feed reads, or why it cannot be looked at."""
    try:
        return strays(settings)
    except TelmartError as error:
        return [str(error)]


def not_fetched(settings: Settings) -> list[str]:
    """Periods of a remote landing area that are not here yet; empty where it cannot be read."""
    try:
        return waiting(settings)[0] if is_remote(settings) else []
    except TelmartError:
        return []
