"""Feeds the operator lacks: everything that reads them builds all the same, empty of them."""

from __future__ import annotations

import pytest

from orchestration.settings import Settings
from tests.models.warehouse import dbt, execute, rows

#: of every system and kind: lists, events, balances, work, what people enter; those that are off
#: together are of different matters, so that what reads one of them still has what it is joined to
OFF = (
    ("boss.bill_item", "campaign.contact", "channel.transaction", "hr.staff"),
    ("boss.product", "channel.outlet", "crm.visit", "target.kpi_target"),
    ("boss.recharge", "crm.alliance_project", "crm.contract", "eoms.work_order"),
    ("boss.status_event", "crm.group_customer"),
    ("crm.customer_contact", "echannel.user_month"),
)
#: columns of marts that are empty without the feed: unknown is not zero
UNKNOWN = {
    "crm.alliance_project": "alliance_project_cnt",
    "echannel.user_month": "self_service_member_cnt",
    "crm.customer_contact": "business_contact_cnt",
}
GROUPS = "build.mart_customer_value__group_month"
INVESTED = f"select sum(joint_investment_amt) from {GROUPS}"


@pytest.mark.parametrize("off", OFF, ids="+".join)
def test_what_reads_them_is_built_empty(everything: Settings, off: tuple[str, ...]) -> None:
    tables = [feed.replace(".", "__") for feed in off]
    counts = " union all ".join(f"select count(*) from staging.stg_{table}" for table in tables)
    assert all(count > 0 for (count,) in rows(everything, counts)), "the sample delivers them"
    known = f"select count(*), {', '.join(f'count({c})' for c in UNKNOWN.values())} from {GROUPS}"
    invested = rows(everything, INVESTED)
    [(customers, *told)] = rows(everything, known)
    assert told == [customers] * len(told) and customers > 0
    # off is the table of the contract without a partition that holds a row
    for table in tables:
        execute(everything, f"create table staging.kept_{table} as table raw.{table}")
        execute(everything, f"truncate raw.{table}")
    below = ("--select", *(f"stg_{table}+" for table in tables))
    try:
        assert dbt(everything, "build", *below, "--exclude-resource-type", "unit_test") == {}
        assert rows(everything, counts) == [(0,)] * len(tables)
        [(customers, *told)] = rows(everything, known)
        assert told == [0 if feed in off else customers for feed in UNKNOWN]
        if "crm.alliance_project" in off:  # the amount is left to the customer file
            assert rows(everything, INVESTED) == invested
    finally:
        for table in tables:
            execute(everything, f"insert into raw.{table} table staging.kept_{table}")
            execute(everything, f"drop table staging.kept_{table}")
        # the next are off beside these, which are back
        assert dbt(everything, "run", *below) == {}
