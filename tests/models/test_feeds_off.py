"""A feed the operator lacks: everything that reads it builds all the same, and is empty of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.contracts import all_feeds
from orchestration.loader import ensure_parents, load_period
from orchestration.sample import SampleOptions, generate
from orchestration.sample.files import MANIFEST
from orchestration.settings import Settings
from tests.models.warehouse import SCHEMAS, dbt, execute, rows

#: of every system and kind: lists, events, balances, work, what people enter
DOZEN = (
    "boss.bill_item", "boss.product", "boss.recharge", "boss.status_event", "campaign.contact",
    "channel.outlet", "channel.transaction", "crm.contract", "crm.group_customer", "crm.visit",
    "eoms.work_order", "hr.staff", "target.kpi_target",
)  # fmt: skip


@pytest.fixture(scope="module")
def everything(
    installation: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Every feed of 300 subscribers over 3 months, loaded by the loader; all models built once."""
    folder = tmp_path_factory.mktemp("everything")
    generate(folder / "landing", folder / "truth.json", SampleOptions(subscribers=300, months=3))
    for schema in SCHEMAS:
        execute(installation, f"drop schema if exists {schema} cascade; create schema {schema}")
    execute(installation, "delete from ops.load")
    ensure_parents(installation)
    for feed in all_feeds(installation).values():
        for period in sorted((folder / "landing" / feed.system / feed.entity).glob("*")):
            files = [path for path in period.iterdir() if path.name != MANIFEST]
            loaded = load_period(installation, feed.name, period.name, files)
            assert loaded.state == "loaded", loaded.error
    assert dbt(installation, "build", "--exclude-resource-type", "unit_test") == {}
    yield installation
    execute(installation, "delete from ops.load")


@pytest.mark.parametrize("off", DOZEN)
def test_what_reads_it_is_built_empty(everything: Settings, off: str) -> None:
    table = off.replace(".", "__")
    count = f"select count(*) from staging.stg_{table}"
    assert rows(everything, count)[0][0] > 0, "the sample delivers it"
    # off is the table of the contract without a partition that holds a row
    execute(everything, f"create table staging.kept as table raw.{table}; truncate raw.{table}")
    try:
        selected = ("--select", f"stg_{table}+", "--exclude-resource-type", "unit_test")
        assert dbt(everything, "build", *selected) == {}
        assert rows(everything, count) == [(0,)]
    finally:
        execute(everything, f"insert into raw.{table} table staging.kept; drop table staging.kept")
