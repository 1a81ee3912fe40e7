"""What the dashboards' header adds to the state: feeds that are late or not connected, and months
that were restated lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from orchestration.contracts import Feed, all_feeds
from orchestration.engine.databases import connect
from orchestration.loader.lateness import Late, judged_at, late_feeds
from orchestration.publication.manifest import feeds_by_mart, manifest_path
from orchestration.settings import Settings

#: so many feeds are named; the rest is a count
_SHOWN = 3
#: for how long people are told of a restatement
RESTATED_FOR = timedelta(days=14)
_RESTATED = """
    select reason, reason_en from ops.restatement
    where mart = %s and restated_at > %s order by restatement_id desc limit 1
"""
_WRITE = """
    update status.data_state set notice = %(zh)s, notice_en = %(en)s
    where mart = %(mart)s and (notice, notice_en) is distinct from (%(zh)s, %(en)s)
"""


def refresh_notices(settings: Settings, now: datetime | None = None) -> list[Late]:
    """Make ``status.data_state`` say what is late, off or restated. Returns what is late.

    Args:
        now: the instant to judge by; the clock, or the sample operator's, if not given.
    """
    late = late_feeds(settings, now)
    if not manifest_path(settings).exists():
        return late  # nothing is built yet
    feeds = all_feeds(settings)
    with connect(settings) as warehouse:
        for mart, needed in feeds_by_mart(settings).items():
            off = sorted(n for n in needed if n not in feeds or not feeds[n].enabled)
            here = [x for x in late if x.feed in needed]
            restated = _restated(warehouse, mart)
            zh, en = notice(off, here, feeds)
            zh, en = [*zh, *restated[:1]], [*en, *restated[1:]]
            said = {"mart": mart, "zh": "；".join(zh) or None, "en": "; ".join(en) or None}
            warehouse.execute(_WRITE, said)
        warehouse.commit()
    return late


def notice(
    off: Sequence[str], late: Sequence[Late], feeds: dict[str, Feed]
) -> tuple[list[str], list[str]]:
    """The parts of the notice, in Chinese and English."""
    zh, en = [], []
    if off:
        zh.append("未接入：" + _joined([_named(n, feeds, zh=True) for n in off], "、", "等 {} 项"))
        en.append("No feed: " + _joined([_named(n, feeds) for n in off], ", ", "{} in all"))
    if late:
        said = [f"{_named(x.feed, feeds, zh=True)}{_span(x)}，应于 {x.since:%Y-%m-%d %H:%M} 前到达"
                for x in late]  # fmt: skip
        zh.append("迟到：" + _joined(said, "、", "等 {} 项"))
        said = [f"{_named(x.feed, feeds)} {_span(x)}, due {x.since:%Y-%m-%d %H:%M}" for x in late]
        en.append("Late: " + _joined(said, ", ", "{} in all"))
    return zh, en


def _restated(warehouse: psycopg.Connection[Any], mart: str) -> list[str]:
    # by the server's clock, as it was written; the sample's time stands still
    row = warehouse.execute("select now()").fetchone()
    since = (row[0] if row else datetime.now().astimezone()) - RESTATED_FOR
    found = warehouse.execute(_RESTATED, [mart, since]).fetchone()
    return [found[0].rstrip("。"), found[1].rstrip(".")] if found else []


def _named(name: str, feeds: dict[str, Feed], *, zh: bool = False) -> str:
    feed = feeds.get(name)
    if feed is None:
        return name
    return f"{feed.name_zh}（{name}）" if zh else f"{feed.entity.replace('_', ' ')} ({name})"


def _span(late: Late) -> str:
    first, last = late.periods[0], late.periods[-1]
    return first if first == last else f"{first}..{last}"


def _joined(names: list[str], comma: str, more: str) -> str:
    shown = comma.join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown}{comma}{more.format(len(names))}"


__all__ = ["judged_at", "notice", "refresh_notices"]
