"""An operator whose marts of customer value are built from its extract files and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from orchestration.engine.databases import connect
from orchestration.sample import SampleOptions, generate
from orchestration.settings import ROOT, Settings
from tests.metrics.customer_value.competition import Competition
from tests.metrics.customer_value.groups import FEEDS
from tests.metrics.customer_value.metrics import MARTS
from tests.metrics.customer_value.people import FEEDS as PEOPLE_FEEDS
from tests.metrics.customer_value.people import People
from tests.models.conftest import installation
from tests.models.warehouse import dbt, empty_warehouse, execute
from tests.party.conftest import copy_feed

__all__ = ["installation"]

#: from January 2025 on: the Spring Festival was in January then and in February a year later
MONTHS = 22


@dataclass
class Valued:
    """The warehouse, and the same numbers from the files."""

    settings: Settings
    recomputed: Competition
    people: People


@pytest.fixture(scope="session")
def valued(installation: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valued]:
    """Twenty-two months of 300 group customers with 400 lines; feeds not named here are empty."""
    home = tmp_path_factory.mktemp("recomputed_value")
    landing = home / "landing"
    assert generate(landing, home / "truth.json", SampleOptions(subscribers=400, months=MONTHS))
    empty_warehouse(installation)
    with connect(installation) as warehouse:
        for feed in sorted({*FEEDS, *PEOPLE_FEEDS}):
            copy_feed(warehouse, landing, feed)
    execute(installation, "analyze")
    marts = ("--select", *(f"+{mart}" for mart in MARTS))
    assert dbt(installation, "build", *marts, "--full-refresh",
               "--exclude-resource-type", "unit_test", "test") == {}  # fmt: skip
    reference = ROOT / "seeds/reference"
    yield Valued(
        installation,
        Competition.of_landing(landing, reference),
        People.of_landing(landing, reference),
    )
