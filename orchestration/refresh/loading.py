"""Loading what arrived, two feeds at a time, with a hold for what was refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from orchestration.contracts import Feed
from orchestration.engine.databases import connect
from orchestration.loader import Arrival, LoadResult, load_period
from orchestration.loader.drift import describe
from orchestration.publication import open_hold, open_holds, resolve_holds
from orchestration.refresh.progress import Stage, current
from orchestration.settings import Settings

CHECK = "load"
#: Feeds that load at once. A load is the server's work more than ours, and the smallest server
#: has two cores; more would only compete with the checks that run beside.
WORKERS = 2
#: what an error quotes from a file may be a customer's; reasons are read by everybody
_VALUES = re.compile(r",? value (?:\(empty\)|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?<=\)=)\([^)]*\)")


@dataclass
class FeedLoads:
    """What a refresh did for one feed."""

    feed: str
    results: list[LoadResult] = field(default_factory=list)

    @property
    def refused(self) -> list[LoadResult]:
        """Attempts that left the warehouse as it was."""
        return [r for r in self.results if r.state in {"rejected", "failed"}]

    @property
    def rows(self) -> int:
        """Rows that came in."""
        return sum(r.rows_loaded for r in self.results if r.state == "loaded")


class Loading:
    """The loads of one refresh: ``WORKERS`` feeds at a time, in the order in which the steps ask.

    Args:
        feeds: what this refresh is about.
        arrivals: what is to be loaded; others' arrivals are left alone.
        workers: feeds at a time.
    """

    def __init__(
        self,
        settings: Settings,
        feeds: Sequence[Feed],
        arrivals: Sequence[Arrival],
        workers: int = WORKERS,
    ) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="load")
        self._loads: dict[str, Future[FeedLoads]] = {}
        for feed in feeds:
            mine = [a for a in arrivals if a.feed == feed.name]
            self._loads[feed.name] = self._pool.submit(load_feed, settings, feed, mine)

    def of(self, feed: str) -> FeedLoads:
        """What became of ``feed``, once it is done.

        Raises:
            TelmartError: nothing could be tried, see ``load_period``.
        """
        return self._loads[feed].result()

    def close(self) -> None:
        """Wait for the loads at work; begin no more."""
        self._pool.shutdown(cancel_futures=True)


def load_feed(settings: Settings, feed: Feed, arrivals: Sequence[Arrival]) -> FeedLoads:
    """Load ``arrivals``, oldest period first; each is all or nothing, and one that is refused does
    not keep the others out.

    A refused period opens a hold; holds of periods that are no longer refused are lifted.
    """
    done = FeedLoads(feed.name)
    progress = current()
    with progress.working(Stage.LOAD):
        for arrival in sorted(arrivals, key=lambda a: a.period):
            result = load_period(settings, feed.name, arrival.period, list(arrival.files))
            done.results.append(result)
            if result in done.refused:
                progress.fail(Stage.LOAD, f"{feed.name} {arrival.period} refused: {result.error}")
            progress.advance(
                Stage.LOAD,
                text=f"{feed.name} {arrival.period}",
                say=f"{feed.name} {arrival.period}: {result.state}, {result.rows_loaded:,} rows",
            )
            if result.drift:
                first, *more = describe(result.drift)
                rest = f" (and {len(more)} more: telmart feeds)" if more else ""
                progress.notes.append(f"{feed.name} {arrival.period}: {first}{rest}")
    _holds(settings, feed, done.refused)
    return done


def public_reason(text: str) -> str:
    """An error of the loader without the values it quotes."""
    return _QUOTED.sub("…", _VALUES.sub("", text)).strip().rstrip(".")


def _holds(settings: Settings, feed: Feed, refused: Sequence[LoadResult]) -> None:
    for result in refused:
        why = public_reason(result.error)
        open_hold(
            settings,
            feed=feed.name,
            period=result.period,
            check_name=CHECK,
            reason=f"{feed.name_zh}（{feed.name}）{result.period} 未能装载：{why}。",
            reason_en=f"{feed.name} {result.period} was not loaded: {why}.",
        )
    with connect(settings) as warehouse:
        holds = [h for h in open_holds(warehouse) if h.feed == feed.name and h.check_name == CHECK]
    still = {r.period for r in refused}
    for hold in holds:
        if hold.period not in still:
            resolve_holds(settings, feed=feed.name, period=hold.period, check_name=CHECK)
