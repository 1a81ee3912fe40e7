"""A feed that an operator does not have is turned off in one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.feeds import feeds_app
from orchestration.contracts import all_feeds, feed_named, switch, switches_file
from orchestration.errors import TelmartError
from orchestration.settings import Settings
from tests.conftest import scratch_settings

pytestmark = pytest.mark.fast
FEED = "boss.recharge"


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return scratch_settings(tmp_path / "home")


def test_off_and_on_again_leaves_the_file_s_other_lines(here: Settings) -> None:
    path = switches_file(here)
    path.parent.mkdir()
    path.write_text("# ours\nhr.staff  # kept by hand\n")
    assert switch(here, feed_named(here, FEED), on=False)
    assert not switch(here, feed_named(here, FEED), on=False)
    assert {n for n, f in all_feeds(here).items() if not f.enabled} >= {FEED, "hr.staff"}
    assert switch(here, feed_named(here, FEED), on=True)
    assert feed_named(here, FEED).enabled
    assert path.read_text() == "# ours\nhr.staff  # kept by hand\n"


def test_an_operator_s_switches_lie_with_its_contracts(here: Settings, tmp_path: Path) -> None:
    assert switches_file(replace(here, operator=tmp_path)) == tmp_path / "feeds_off.txt"


def test_a_line_that_names_no_feed_is_named(here: Settings) -> None:
    path = switches_file(here)
    path.parent.mkdir()
    path.write_text("\nboss.recharges\n")
    with pytest.raises(TelmartError, match=r"line 2: there is no feed 'boss.recharges'") as caught:
        all_feeds(here)
    assert "Did you mean boss.recharge?" in caught.value.remedy


def test_a_contract_that_is_not_active_cannot_be_switched_on(here: Settings) -> None:
    feed = replace(feed_named(here, FEED), status_off=True, enabled=False)
    with pytest.raises(TelmartError, match="is not active"):
        switch(here, feed, on=True)


def test_the_command_says_what_it_did(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELMART_HOME", str(here.home))
    monkeypatch.delenv("TELMART_OPERATOR", raising=False)
    first = CliRunner().invoke(feeds_app, ["off", FEED])
    again = CliRunner().invoke(feeds_app, ["off", FEED])
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert f"{FEED} is off" in first.output
    assert "already" in again.output
    assert not feed_named(here, FEED).enabled
