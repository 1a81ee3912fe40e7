"""One reading of the whole installation, for people (``telmart status``) and for programs."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from orchestration.engine.databases import connect
from orchestration.engine.services import all_services
from orchestration.errors import TelmartError
from orchestration.loader.lateness import late_feeds
from orchestration.settings import Settings

# The latest attempt of each period, and the load that stands. They differ after a refused file.
_FEEDS = """
    select distinct on (feed, period)
        feed, period, rows_loaded as rows, state, coalesce(finished_at, started_at) as loaded_at,
        error, jsonb_array_length(drift) as drift_cnt
    from ops.load
    where {which}
    order by feed, period, load_id desc
"""
_LATEST = _FEEDS.format(which="state <> 'skipped'")
_STANDING = _FEEDS.format(which="is_current")
_MARTS = """
    select mart, stat_month, state, cut_off_at, published_at, reason_en as reason,
        notice_en as notice
    from status.data_state order by mart
"""
_RESTATED = """
    select mart, restated_at, first_month, last_month, month_cnt, reason_en as reason
    from ops.restatement order by restatement_id desc limit 5
"""


def read_state(settings: Settings) -> dict[str, Any]:
    """Engine, services, feeds (latest attempt of each period), feeds that are late, published
    marts, and the latest months that were restated.

    The keys are part of the interface others rely on; see ``telmart status --json``.
    """
    address = settings.database_url().rpartition("@")[2]
    state: dict[str, Any] = {
        "engine": {
            "kind": "external" if settings.external_url else "embedded",
            "address": address,
            "healthy": False,
        },
        "services": [
            {"name": s.name, "url": s.url, "healthy": s.is_healthy()}
            for s in all_services(settings)
        ],
        "feeds": [],
        "late": [],
        "marts": [],
        "restated": [],
    }
    try:
        with connect(settings) as warehouse:
            state["engine"]["healthy"] = True
            rows = warehouse.cursor(row_factory=dict_row)
            try:
                state["feeds"] = _feeds(settings, rows)
                state["late"] = [late.as_dict() for late in late_feeds(settings)]
                state["marts"] = rows.execute(_MARTS).fetchall()
                state["restated"] = rows.execute(_RESTATED).fetchall()
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
                # not provisioned to this version yet: `telmart up` does it
                warehouse.rollback()
    except TelmartError:
        pass
    return state


def _feeds(settings: Settings, rows: psycopg.Cursor[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a period: what stands, unless a file that was refused still lies there."""
    from orchestration.loader import pending  # noqa: PLC0415 - reads the landing area

    latest = {(r["feed"], r["period"]): r for r in rows.execute(_LATEST)}
    standing = {(r["feed"], r["period"]): r for r in rows.execute(_STANDING)}
    waiting = {(a.feed, a.period) for a in pending(settings)}
    return [
        row if key in waiting or key not in standing else standing[key]
        for key, row in latest.items()
    ]
