"""What an operator's data engineer sends to the owners of source systems."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.contracts import all_feeds, read_contracts
from orchestration.contracts.derive import STANDARD_CONTRACTS
from orchestration.contracts.pages import FOLDER, pages
from orchestration.contracts.templates import EXAMPLE_PERIODS, csv_template, write_templates
from orchestration.engine.databases import connect
from orchestration.loader import load_period
from orchestration.settings import Settings
from tests.conftest import scratch_settings

FEEDS = read_contracts(STANDARD_CONTRACTS)


@pytest.mark.fast
def test_the_pages_are_those_of_the_contracts() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert there == pages(FEEDS), "run `make docs`"


@pytest.mark.fast
def test_every_link_between_pages_leads_somewhere() -> None:
    made = pages(FEEDS)
    links = {link for text in made.values() for link in re.findall(r"\]\(([^)/]+\.md)\)", text)}
    assert links - {"README.md"} == set(made) - {"README.md"}, "the index links every feed"


@pytest.mark.fast
def test_templates_open_in_a_spreadsheet_and_name_every_column(tmp_path: Path) -> None:
    feed = FEEDS["boss.recharge"]
    empty, example = write_templates(feed, tmp_path, chinese=True)
    assert empty.read_bytes().startswith(b"\xef\xbb\xbf")
    assert empty.read_text(encoding="utf-8-sig").strip() == ",".join(
        c.name_zh for c in feed.columns
    )
    with example.open(encoding="utf-8-sig", newline="") as file:
        header, row = csv.reader(file)
    assert len(header) == len(row) == len(feed.columns)


@pytest.fixture(scope="module")
def here(scratch: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An operator that takes every feed, also those whose contract is a draft."""
    folder = tmp_path_factory.mktemp("takes-all")
    shutil.copytree(STANDARD_CONTRACTS, folder / "contracts")
    for contract in folder.glob("contracts/*/*.yaml"):
        text = contract.read_text(encoding="utf-8")
        contract.write_text(text.replace("status: draft", "status: active"), encoding="utf-8")
    yield replace(scratch, operator=folder)
    with connect(scratch) as connection:
        connection.execute("truncate ops.load, ops.quarantine cascade")
        connection.commit()


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("name", sorted(FEEDS))
def test_the_example_of_every_feed_loads(
    here: Settings, tmp_path: Path, name: str, chinese: bool
) -> None:
    feed = all_feeds(here)[name]
    path = tmp_path / f"{name}.csv"
    path.write_text(csv_template(feed, chinese=chinese, example=True), encoding="utf-8")
    result = load_period(here, name, EXAMPLE_PERIODS[feed.period_kind], [path], dry_run=True)
    assert (result.state, result.rows_loaded, result.error) == ("loaded", 1, "")


@pytest.mark.fast
def test_every_example_keeps_to_the_columns(tmp_path: Path) -> None:
    """Without a server: as many values as columns, none of them empty."""
    for feed in all_feeds(scratch_settings(tmp_path)).values():
        header, row = csv.reader(csv_template(feed, example=True).splitlines())
        assert len(header) == len(row)
        assert all(row), feed.name
