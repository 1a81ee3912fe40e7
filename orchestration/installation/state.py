"""One reading of the whole installation, for people (``telmart status``) and for programs."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from orchestration.engine.databases import connect
from orchestration.engine.services import all_services
from orchestration.errors import TelmartError
from orchestration.settings import Settings

_FEEDS = """
    select distinct on (feed, period)
        feed, period, rows_loaded as rows, state, coalesce(finished_at, started_at) as loaded_at,
        error
    from ops.load
    where state <> 'skipped'
    order by feed, period, load_id desc
"""
_MARTS = """
    select mart, stat_month, state, cut_off_at, published_at, reason_en as reason
    from status.data_state order by mart
"""


def read_state(settings: Settings) -> dict[str, Any]:
    """Engine, services, feeds (latest attempt of each period) and published marts.

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
        "marts": [],
    }
    try:
        with connect(settings) as warehouse:
            state["engine"]["healthy"] = True
            rows = warehouse.cursor(row_factory=dict_row)
            for key, query in (("feeds", _FEEDS), ("marts", _MARTS)):
                try:
                    state[key] = rows.execute(query).fetchall()
                except psycopg.errors.UndefinedTable:  # not provisioned to this version yet
                    warehouse.rollback()
    except TelmartError:
        pass
    return state
