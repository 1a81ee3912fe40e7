"""Processing the months that a change can reach gives what processing everything gives."""

from __future__ import annotations

from datetime import date

import pytest

from tests.models.warehouse import built_tables, dbt, differences, execute, keep_copies
from tests.party.conftest import PARTS, Built

#: the places of the months that a change reaches, and the SQL that changes {p}, the first of them
CHANGES = {
    "bills, who pays and who shows them, profiles of which one in ten is gone": (
        [1],
        "update raw.boss__bill_item set net_amt = net_amt - 1, discount_amt = discount_amt + 1"
        " where _period = {p} and right(bill_item_id, 1) = '3';"
        "update raw.boss__account_member set pays_share = 0.4 where _period = {p}"
        " and right(subscriber_id, 1) in ('1', '5');"
        "update raw.crm__party_relation set bill_share = 1 - bill_share where _period = {p}"
        " and right(party_id, 1) in ('2', '6');"
        "delete from raw.crm__group_customer where _period = {p} and right(group_id, 1) = '7';"
        "update raw.crm__group_customer set employees_cnt = employees_cnt + 100, area_id ="
        " (select min(area_id) from raw.crm__group_customer) where _period = {p}"
        " and right(group_id, 1) = '4'",
    ),
    "profiles and members of a month become empty": (
        [2],
        "delete from raw.crm__group_member where _period = {p};"
        "delete from raw.crm__group_customer where _period = {p}",
    ),
    "a report that later months still remember": (
        [1, 2, 3],
        "update raw.competitor__intelligence set line_cnt = line_cnt + 7 where _period = {p}",
    ),
}
#: views too: rebuilding a table in full takes the views on it away
RUN = ("run", "--select", *PARTS)


@pytest.mark.parametrize("name", CHANGES)
def test_incremental_equals_full_refresh(built: Built, name: str) -> None:
    places, change = CHANGES[name]
    months = [date.fromisoformat(f"{built.months[place]}-01") for place in places]
    settings, tables = built.settings, built_tables(built.settings)
    execute(settings, "drop schema if exists before cascade; create schema before")
    changed = {line.split()[1 if line.startswith("update") else 2] for line in change.split(";")}
    for table in changed:
        execute(settings, f"create table before.{table[4:]} as table {table}")
    keep_copies(settings, tables, "found")
    execute(settings, change.replace("{p}", f"'{months[0]}'"))
    try:
        assert dbt(settings, *RUN, months=months) == {}
        assert differences(settings, tables, "found"), "the change must show"
        keep_copies(settings, tables)
        assert dbt(settings, *RUN, "--full-refresh") == {}
        assert differences(settings, tables) == {}
    finally:
        for table in changed:
            execute(settings, f"delete from {table}; insert into {table} table before.{table[4:]}")
    assert dbt(settings, *RUN, months=months) == {}
    assert differences(settings, tables, "found") == {}, "put right again, all is as it was"
