"""What the steps of one refresh share: what arrived, what is to be done, one quality context."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import psycopg

from orchestration.contracts import Feed, all_feeds
from orchestration.engine.databases import connect
from orchestration.loader import Arrival, ensure_parents, is_settled, pending
from orchestration.quality.rules import Suite
from orchestration.quality.suites import arrival_suites, mart_suites
from orchestration.quality.validator import Validator, preload
from orchestration.refresh.loading import FeedLoads, Loading
from orchestration.refresh.progress import current
from orchestration.refresh.work import Work, note_work, waiting_notes
from orchestration.settings import Settings


class Session:
    """One refresh.

    Args:
        settings: the installation.
        run_id: the Dagster run.
        month: ``2026-10``: load and build only this month (and the later ones it reaches).
        full: build every month.
        reason: why published months are changed, in somebody's words.
        settled_only: leave alone what may still be on its way into the landing area.
    """

    def __init__(
        self,
        settings: Settings,
        run_id: str,
        month: str | None = None,
        full: bool = False,
        *,
        settled_only: bool = False,
        reason: str = "",
    ) -> None:
        self.settings = settings
        self.run_id = run_id
        self.month = month
        self.full = full
        self.settled_only = settled_only
        self.reason = reason
        self._validator: Validator | None = None
        self._loading: Loading | None = None
        self._lock = threading.Lock()

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        """Enabled feeds by name."""
        return {name: feed for name, feed in all_feeds(self.settings).items() if feed.enabled}

    @cached_property
    def arrival_suites(self) -> dict[str, Suite]:
        """By feed."""
        return arrival_suites(self.settings)

    @cached_property
    def mart_suites(self) -> dict[str, Suite]:
        """By table."""
        return mart_suites(self.settings)

    @cached_property
    def arrivals(self) -> list[Arrival]:
        """What lies in the landing area and is not loaded as it is, found once per refresh."""
        found = pending(self.settings)
        if self.month:
            found = [a for a in found if a.period.startswith(self.month)]
        if self.settled_only:
            found = [a for a in found if is_settled(a, time.time())]
        if found:
            preload()
        return found

    def load(self, feed: str, chosen: Collection[str] | None = None) -> FeedLoads:
        """What became of a feed's arrivals. The first call begins to load those of all feeds.

        Args:
            chosen: feeds this run is about; None for all.
        """
        with self._lock:
            if self._loading is None:
                names = self.feeds if chosen is None else chosen
                self._loading = Loading(
                    self.settings,
                    [self.feeds[name] for name in self.feeds if name in names],
                    self.arrivals,
                )
        # a feed switched off since Dagster read the definitions has a step, but nothing to load
        return self._loading.of(feed) if feed in self.feeds else FeedLoads(feed)

    @cached_property
    def work(self) -> Work:
        """What there is to build and publish, noted at the first call: after the loads."""
        ensure_parents(self.settings)
        found = note_work(self.settings, self.month, self.full, self.reason)
        current().notes += waiting_notes(found)
        if found.months:
            preload()  # beside dbt, for the mart checks
        return found

    @property
    def validator(self) -> Validator:
        """The quality context, made at the first check."""
        with self._lock:
            if self._validator is None:
                self._validator = Validator(self.settings, self.run_id)
            return self._validator

    @contextmanager
    def warehouse(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection as the owner, for one step."""
        with connect(self.settings) as connection:
            yield connection

    def close(self) -> None:
        """End what still loads, and write the Data Docs of what was checked."""
        if self._loading is not None:
            self._loading.close()
        if self._validator is not None:
            self._validator.write_docs()
            self._validator = None
