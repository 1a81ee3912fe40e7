"""An operator that has only the few feeds nothing works without: everything builds, empty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.contracts import all_feeds, switch
from orchestration.defs import load
from orchestration.publication.manifest import always_needed
from orchestration.refresh.instance import JOB
from orchestration.settings import Settings
from tests.conftest import scratch_settings
from tests.orchestration.conftest import HANDFUL, Operator


def test_the_handful_alone_is_built_and_published(frugal: Operator) -> None:
    assert {f for (f,) in frugal.all("select distinct feed from ops.load")} == HANDFUL
    months = "select count(distinct stat_month), count(*) from retention.{}"
    assert frugal.all(months.format("mart_retention__subscriber_month"))[0][0] >= 5
    # no contract is known, so nobody is bound; no event, so nobody is known to have left
    bound = "select count(*) from retention.mart_retention__subscriber_month where is_hard_bound"
    assert frugal.all(bound) == [(0,)]
    assert frugal.all("select count(*) from raw.crm__contract") == [(0,)]
    assert frugal.state()["stat_month"] >= "2026-09-01"


ACTIVE = [f for f in all_feeds(scratch_settings(Path("/nowhere"))).values() if f.enabled]


@pytest.mark.parametrize("system", sorted({feed.system for feed in ACTIVE}))
def test_each_system_can_be_off(graph_settings: Settings, system: str) -> None:
    """The graph resolves without its feeds: job, checks and marts stand."""
    settings = graph_settings
    feeds = [feed for feed in all_feeds(settings).values() if feed in ACTIVE]
    off = [feed for feed in feeds if feed.system == system]
    for feed in off:
        switch(settings, feed, on=False)
    before = dict(os.environ)
    try:
        definitions = load(settings)
        definitions.resolve_job_def(JOB)
        keys = definitions.resolve_asset_graph().get_all_asset_keys()
        present = [k.to_user_string() for k in keys]
    finally:
        os.environ.clear()
        os.environ.update(before)
        for feed in off:
            switch(settings, feed, on=True)
    assert any(key.endswith("mart_retention__subscriber_month") for key in present)
    for feed in off:
        # what every mart is built from stays in the graph as a source; nothing loads or checks it
        assert (f"raw/{feed.table}" in present) == (feed.name in always_needed(settings))
        assert f"suites/arrival/{feed.table}" not in present
    assert all(f"raw/{feed.table}" in present for feed in feeds if feed not in off)
