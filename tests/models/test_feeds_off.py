"""A feed the operator lacks: everything that reads it builds all the same, and is empty of it."""

from __future__ import annotations

import pytest

from orchestration.settings import Settings
from tests.models.warehouse import dbt, execute, rows

#: of every system and kind: lists, events, balances, work, what people enter
DOZEN = (
    "boss.bill_item", "boss.product", "boss.recharge", "boss.status_event", "campaign.contact",
    "channel.outlet", "channel.transaction", "crm.contract", "crm.group_customer", "crm.visit",
    "eoms.work_order", "hr.staff", "target.kpi_target",
)  # fmt: skip


@pytest.mark.parametrize("off", DOZEN)
def test_what_reads_it_is_built_empty(everything: Settings, off: str) -> None:
    table = off.replace(".", "__")
    count = f"select count(*) from staging.stg_{table}"
    assert rows(everything, count)[0][0] > 0, "the sample delivers it"
    # off is the table of the contract without a partition that holds a row
    execute(everything, f"create table staging.kept as table raw.{table}; truncate raw.{table}")
    below = ("--select", f"stg_{table}+")
    try:
        assert dbt(everything, "build", *below, "--exclude-resource-type", "unit_test") == {}
        assert rows(everything, count) == [(0,)]
    finally:
        execute(everything, f"insert into raw.{table} table staging.kept; drop table staging.kept")
        # the next feed is off beside one that is back
        assert dbt(everything, "run", *below) == {}
