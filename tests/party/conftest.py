"""A small sample operator in a warehouse of its own, with the models of this part built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg import sql

from orchestration.engine.databases import connect
from orchestration.sample import SampleOptions, generate
from orchestration.settings import Settings
from tests.metrics.extract_files import FEEDS, contract, read_feed, read_file
from tests.models.conftest import installation
from tests.models.warehouse import dbt, empty_warehouse, execute

__all__ = ["installation"]

PARTS = [f"path:models/core/{part}" for part in ("party", "product", "money")]


@dataclass
class Built:
    """The warehouse, and the extracts it was made from."""

    settings: Settings
    landing: Path

    def feed(self, name: str) -> pl.DataFrame:
        """All months of an extract, read without the product's code; money in hundredths."""
        return read_feed(self.landing, name)

    @cached_property
    def months(self) -> list[str]:
        return sorted(p.name for p in (self.landing / "crm/group_customer").iterdir())


@pytest.fixture(scope="session")
def built(installation: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Four months of 1,200 subscribers and 300 group customers; every data test has passed."""
    home = tmp_path_factory.mktemp("party")
    landing = home / "landing"
    options = SampleOptions(subscribers=1200, months=4)
    assert generate(landing, home / "truth.json", options)
    empty_warehouse(installation)
    with connect(installation) as warehouse:
        for feed in FEEDS:
            copy_feed(warehouse, landing, feed)
    execute(installation, "analyze")
    everything = ("--select", *(f"+{part}" for part in PARTS))
    unasked = ("--exclude-resource-type", "unit_test", "test")
    assert dbt(installation, "build", *everything, "--full-refresh", *unasked) == {}
    tests = ("--select", *PARTS, "party_product_money_joins_keep_rows")
    cautious = ("--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
    assert dbt(installation, "test", *tests, *cautious) == {}
    yield Built(installation, landing)


def copy_feed(warehouse: psycopg.Connection[object], landing: Path, feed: str) -> None:
    """Put the files of ``feed`` into raw as they are, past the loader."""
    table = feed.replace(".", "__")
    chinese = {c["nameZh"]: c["name"] for c in contract(feed)}
    for path in sorted(landing.joinpath(*feed.split(".")).rglob("*")):
        if path.is_dir() or path.name == "manifest.json":
            continue
        period = "infinity" if path.parent.name == "full" else f"{path.parent.name}-01"
        frame = read_file(path)
        frame = frame.rename({h: chinese[h] for h in frame.columns if h in chinese})
        frame = frame.with_columns(pl.lit(period).alias("_period"), pl.lit("1").alias("_load_id"))
        statement = sql.SQL("copy raw.{} ({}) from stdin (format csv, header true)").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
        )
        with warehouse.cursor().copy(statement) as copy:
            copy.write(frame.write_csv())
