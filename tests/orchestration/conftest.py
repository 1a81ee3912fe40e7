"""A small installation for the tests of the refresh: 400 subscribers, 18 months, no dashboards."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.contracts import all_feeds, switch
from orchestration.engine.databases import connect, provision
from orchestration.engine.server import EmbeddedServer
from orchestration.refresh.execute import Outcome, refresh
from orchestration.refresh.progress import Progress
from orchestration.sample import SampleOptions, generate
from orchestration.settings import Settings
from tests.conftest import scratch_settings

SUBSCRIBERS = 400
LATEST = "2026-10"
#: what this operator delivers: the retention marts' feeds, and teams, of which no mart is built
FEEDS = {
    "boss.recharge", "boss.status_event", "boss.subscriber_bill", "boss.subscriber_usage",
    "crm.contract", "crm.subscriber", "hr.org_unit", "hr.staff", "hr.team_member",
}  # fmt: skip
#: the feeds nothing works without
HANDFUL = {"hr.org_unit", "crm.subscriber", "boss.subscriber_usage", "boss.subscriber_bill"}
_SERVED = """
    select table_name from information_schema.tables where table_schema = 'retention' order by 1
"""


@dataclass
class Operator:
    """A small operator's installation, and what the tests ask of it."""

    settings: Settings
    #: the extracts as they were generated, to put right what a test spoiled
    pristine: Path

    @property
    def landing(self) -> Path:
        return Path(self.settings.landing)

    def run(self, **options: Any) -> Outcome:
        """``telmart run`` in this process."""
        return refresh(self.settings, Progress(), **options)

    def restore(self, feed: str, period: str) -> None:
        """Put one feed-month back as it was generated."""
        inside = Path(*feed.split("."), period)
        shutil.rmtree(self.landing / inside, ignore_errors=True)
        shutil.copytree(self.pristine / inside, self.landing / inside)

    def all(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query, as the owner."""
        with connect(self.settings) as warehouse:
            return warehouse.execute(query, parameters).fetchall()  # type: ignore[arg-type]

    def execute(self, query: str) -> None:
        """Change something behind the product's back."""
        with connect(self.settings) as warehouse:
            warehouse.execute(query)  # type: ignore[arg-type]
            warehouse.commit()

    def served(self) -> dict[str, str]:
        """A digest of every row people can read, by table."""
        return {
            table: self.all(
                f"select count(*) || ' ' || md5(string_agg(md5(t::text), '' order by t::text))"
                f" from retention.{table} as t"
            )[0][0]
            for (table,) in self.all(_SERVED)
        }

    def holds(self) -> list[tuple[str | None, str | None, str, str, str]]:
        """Open holds: feed, period, check, reason in both languages."""
        rows = self.all(
            "select feed, period, check_name, reason, reason_en from ops.hold"
            " where resolved_at is null order by hold_id"
        )
        return [(r[0], r[1], r[2], r[3], r[4]) for r in rows]

    def state(self, mart: str = "retention") -> dict[str, Any]:
        """What the header of a mart's dashboards says."""
        rows = self.all(
            "select state, stat_month::text, reason, reason_en, held_month::text"
            " from status.data_state where mart = %s",
            mart,
        )
        names = ("state", "stat_month", "reason", "reason_en", "held_month")
        return dict(zip(names, rows[0], strict=True))


@contextlib.contextmanager
def environment(settings: Settings) -> Iterator[None]:
    """The variables of an installation; whatever a refresh sets in this process is undone."""
    before = dict(os.environ)
    os.environ.update(
        TELMART_HOME=str(settings.home),
        TELMART_LANDING=settings.landing,
        TELMART_PG_PORT=str(settings.pg_port),
        TELMART_DAGSTER_PORT=str(settings.dagster_port),
        TELMART_SUPERSET_PORT=str(settings.superset_port),
        TELMART_DASHBOARDS="off",
    )
    os.environ.pop("TELMART_OPERATOR", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An installation with 17 published months; the 18th lies in ``pristine`` only."""
    home = tmp_path_factory.mktemp("operator")
    settings = scratch_settings(home)
    made = Operator(settings, home / "pristine")
    generate(made.pristine, home / "truth.json", SampleOptions(subscribers=SUBSCRIBERS))
    for folder in made.pristine.glob("*/*"):
        if f"{folder.parent.name}.{folder.name}" not in FEEDS:
            shutil.rmtree(folder)  # the other feeds would only take time
    switch_off_all_but(settings, FEEDS)
    shutil.copytree(
        made.pristine, made.landing, ignore=lambda _, names: [n for n in names if n == LATEST]
    )
    server = EmbeddedServer(settings)
    server.start()
    provision(settings)
    with environment(settings):
        outcome = made.run()
    assert outcome.success, (outcome.failed_steps, outcome.holds)
    yield made
    server.remove()


def switch_off_all_but(settings: Settings, kept: set[str]) -> None:
    for name, feed in all_feeds(settings).items():
        if name not in kept and feed.enabled:
            switch(settings, feed, on=False)


@pytest.fixture(scope="session")
def frugal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An installation where all feeds but a handful are off: 300 subscribers, 5 months published,
    the sixth in ``pristine`` only."""
    home = tmp_path_factory.mktemp("frugal")
    settings = scratch_settings(home)
    made = Operator(settings, home / "pristine")
    generate(made.pristine, home / "truth.json", SampleOptions(subscribers=300, months=6))
    shutil.copytree(
        made.pristine, made.landing, ignore=lambda _, names: [n for n in names if n == LATEST]
    )
    switch_off_all_but(settings, HANDFUL)
    server = EmbeddedServer(settings)
    server.start()
    provision(settings)
    with environment(settings):
        outcome = made.run()
    assert outcome.success, (outcome.failed_steps, outcome.holds)
    yield made
    server.remove()


@pytest.fixture
def here(operator: Operator) -> Iterator[Operator]:
    """The installation, with its environment for the length of a test."""
    with environment(operator.settings):
        yield operator
