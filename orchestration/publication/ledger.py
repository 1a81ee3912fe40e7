"""Which mart has published which load. A load is done when every mart built from its feed has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import psycopg

from orchestration.publication.manifest import feeds_by_mart
from orchestration.settings import Settings

_NOTE = """
    insert into ops.publication (load_id, mart, published_at)
    select load_id, %(mart)s, %(at)s from ops.load
    where load_id = any(%(loads)s) and feed = any(%(feeds)s)
    on conflict (load_id, mart) do update set published_at = excluded.published_at
"""
#: the loads that no mart still waits for
_DONE = """
    update ops.load as l set published_at = %(at)s
    where load_id = any(%(loads)s) and not exists (
        select from unnest(%(marts)s::text[], %(feeds)s::text[]) as needed (mart, feed)
        where needed.feed = l.feed and not exists (
            select from ops.publication as p where p.load_id = l.load_id and p.mart = needed.mart
        )
    )
"""


def note_published(
    warehouse: psycopg.Connection[Any],
    settings: Settings,
    load_ids: Sequence[int],
    marts: Collection[str],
    at: datetime | None,
) -> None:
    """``marts`` now show these loads. The caller commits.

    Args:
        marts: none, after a build: what no mart is built from is done when it is built.
    """
    needed = feeds_by_mart(settings)
    loads = list(load_ids)
    for mart in marts:
        feeds = sorted(needed.get(mart, ()))
        warehouse.execute(_NOTE, {"mart": mart, "at": at, "loads": loads, "feeds": feeds})
    pairs = [(mart, feed) for mart, feeds in needed.items() for feed in feeds]
    warehouse.execute(_DONE, {
        "at": at, "loads": loads,
        "marts": [mart for mart, _ in pairs], "feeds": [feed for _, feed in pairs],
    })  # fmt: skip
