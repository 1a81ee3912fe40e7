"""The figures of the models against the extracts, counted by other means."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from orchestration.settings import ROOT
from tests.models.warehouse import compiled, execute, rows
from tests.party.conftest import Built


def by_month(frame: pl.DataFrame, *keys: str, total: str) -> dict[tuple[object, ...], Decimal]:
    """``total``, hundredths in the extract, by month and ``keys``, in yuan."""
    summed = frame.group_by("stat_month", *keys).agg(pl.col(total).sum())
    return {tuple(row[:-1]): Decimal(row[-1]) / 100 for row in summed.iter_rows() if row[-1]}


def told(built: Built, query: str) -> dict[tuple[object, ...], Decimal]:
    return {tuple(row[:-1]): row[-1] for row in rows(built.settings, query) if row[-1]}


def test_every_level_of_the_merged_bill_is_everything_billed(built: Built) -> None:
    items = by_month(built.feed("boss.bill_item"), total="net_amt")
    bills = by_month(built.feed("boss.subscriber_bill"), total="billed_amt")
    levels = told(
        built, "select stat_month, level, sum(net_amt) from core.fct_merged_bill group by 1, 2"
    )
    assert levels == {
        (*month, level): items[month] + bills[month]
        for month in items
        for level in ("person", "family", "account", "group")
    }
    parts = rows(
        built.settings,
        "select level, count(*) from core.fct_merged_bill where party_id <> '-' group by 1",
    )
    assert min(dict(parts).values()) > 20, "every level has parties, not the rest alone"


def test_members_bills_reach_the_merged_bill_of_who_shows_them(built: Built) -> None:
    """Each group: its own items, and the bills of members of which the relation shows a share."""
    relations = built.feed("crm.party_relation").filter(
        (pl.col("relation_type") == "person_group")
        & (
            pl.col("valid_to_on").is_null()
            | (pl.col("valid_to_on") >= pl.col("stat_month").dt.month_end())
        )
    )
    bills = built.feed("boss.subscriber_bill").select("stat_month", "subscriber_id", "billed_amt")
    shown = relations.join(bills, on=["stat_month", "subscriber_id"]).with_columns(
        (pl.col("billed_amt") * pl.col("bill_share")).alias("shown")
    )
    members = by_month(shown, "group_id", total="shown")
    items = by_month(built.feed("boss.bill_item"), "group_id", total="net_amt")
    assert members
    expected = {
        key: members.get(key, Decimal(0)) + items.get(key, Decimal(0)) for key in members | items
    }
    merged = "select stat_month, group_id, merged_bill_amt from core.fct_group_customer_month"
    assert told(built, merged) == {key: amount for key, amount in expected.items() if amount}


def test_the_snapshot_adds_up_to_the_extracts(built: Built) -> None:
    open_bills = built.feed("boss.receivable")
    costs = built.feed("finance.cost_allocation").filter(pl.col("object_type") == "group")
    sums = {
        "revenue_amt": by_month(built.feed("boss.bill_item"), total="net_amt"),
        "discount_amt": by_month(built.feed("boss.bill_item"), total="discount_amt"),
        "paid_amt": by_month(built.feed("boss.payment"), total="paid_amt"),
        "outstanding_amt": by_month(open_bills, total="outstanding_amt"),
        "overdue_amt": by_month(
            open_bills.filter(pl.col("overdue_days") > 0), total="outstanding_amt"
        ),
        "cost_amt + capital_cost_amt": by_month(costs, total="cost_amt"),
    }
    for measure, expected in sums.items():
        query = f"select stat_month, sum({measure}) from core.fct_group_customer_month group by 1"
        assert told(built, query) == expected, measure


def test_members_by_network(built: Built) -> None:
    """Who belongs at month end, machines apart; in the sample nobody is on a list twice."""
    members = built.feed("crm.group_member").filter(
        pl.col("left_on").is_null() & (pl.col("member_role") != "machine")
    )
    counted = members.group_by("stat_month", "network").len().sort("stat_month", "network")
    query = """
        select stat_month, network, sum(cnt)
        from core.fct_group_customer_month
        cross join lateral (values
            ('own', own_member_cnt), ('op_b', op_b_member_cnt), ('op_c', op_c_member_cnt)
        ) as n (network, cnt)
        group by 1, 2 order by 1, network collate "C"
    """
    assert sorted(counted.iter_rows()) == sorted(
        (month, network, int(count)) for month, network, count in rows(built.settings, query)
    )


def test_new_business_and_ict_are_what_the_catalogue_says_of_the_month(built: Built) -> None:
    catalogue = built.feed("crm.group_product")
    items = built.feed("boss.bill_item").join(catalogue, on=["stat_month", "product_id"])
    for flag, measure in {"is_ict": "ict_amt", "is_new_business": "new_business_amt"}.items():
        query = f"select stat_month, sum({measure}) from core.fct_group_customer_month group by 1"
        expected = by_month(items.filter(pl.col(flag)), total="net_amt")
        assert expected and told(built, query) == expected, measure


def test_as_was_and_as_is_are_both_there(built: Built) -> None:
    """A fact by today's areas has the same total as by those of its month, other areas though."""
    was, now = (
        told(
            built,
            f"select p.{area}, sum(f.revenue_amt) from core.fct_group_customer_month as f"
            " join core.dim_group_customer as p using (stat_month, group_id) group by 1",
        )
        for area in ("area_id", "area_id_current")
    )
    assert sum(was.values()) == sum(now.values())
    changed = rows(
        built.settings,
        "select count(*) from core.dim_group_customer where status <> status_current",
    )
    assert changed[0][0] > 0, "somebody is not today what it was"


def test_a_competitor_is_remembered_from_the_latest_report(built: Built) -> None:
    reports = built.feed("competitor.intelligence")
    last = (
        reports.sort("collected_on", "intelligence_id")
        .group_by("group_id", "competitor", "business_kind")
        .agg(pl.col("intelligence_id").last())
    )
    made = rows(
        built.settings,
        "select group_id, competitor, business_kind, intelligence_id"
        " from core.fct_competitor_binding where has_report"
        f" and stat_month = '{built.months[-1]}-01'",
    )
    assert sorted(made) == sorted(last.iter_rows())


def test_control_lists_are_those_of_the_file(built: Built) -> None:
    """R057: the lists of the year, the file and the flags count alike; one moved is noticed."""
    month = pl.col("stat_month")
    lists = built.feed("crm.customer_list").filter(
        pl.col("list_kind").str.ends_with("_controlled") & (pl.col("list_year") == month.dt.year())
    )
    listed = sorted(lists.group_by("stat_month", "list_kind").len().iter_rows())
    flags = """
        select stat_month, kind, sum(cast(flag as integer)) from core.fct_group_customer_month
        cross join lateral (values ('province_controlled', is_province_controlled),
            ('city_controlled', is_city_controlled)) as n (kind, flag)
        group by 1, 2
    """
    assert len(listed) == 2 * len(built.months)
    assert sorted(tuple(row) for row in rows(built.settings, flags)) == listed
    file = (
        built.feed("crm.group_customer")
        .filter(pl.col("opened_on") < pl.date(month.dt.year(), 1, 1), pl.col("status") == "active")
        .filter(pl.col("control_level") != "county")
        .select("stat_month", "group_id", "control_level")
    )
    gone = built.feed("crm.group_customer").filter(pl.col("status") == "lost")
    kept = lists.join(gone, on=["stat_month", "group_id"], how="anti").select(
        "stat_month", "group_id", pl.col("list_kind").str.replace("_controlled", "")
    )
    assert sorted(kept.iter_rows()) == sorted(file.iter_rows())
    check = ROOT / "dbt_project/tests/control_lists_agree_with_the_file.sql"
    query = compiled(built.settings, check.read_text())
    assert rows(built.settings, query) == []
    last, one, _ = max(row for row in kept.iter_rows() if row[2] == "province")
    moved = f"update raw.crm__group_customer set control_level = '{{}}' where _period = '{last}'"
    moved += f" and group_id = '{one}'"
    execute(built.settings, moved.format("county"))
    try:
        [(when, level, on_list, on_file, other)] = rows(built.settings, query)
    finally:
        execute(built.settings, moved.format("province"))
    assert (when, level, other) == (last, "province", 1)
    assert on_list == on_file + 1


def test_the_ledger_of_alliances_is_the_customer_file(built: Built) -> None:
    """R045: what was invested jointly is the same in both; one amount changed is noticed."""
    key = ["stat_month", "group_id"]
    joint = pl.col("own_amt") + pl.col("partner_amt")
    ledger = built.feed("crm.alliance_project").group_by(key).agg(joint.sum().alias("ledger"))
    file = built.feed("crm.group_customer").select(*key, "joint_investment_amt")
    both = file.join(ledger, on=key, how="left").filter(
        pl.col("ledger").fill_null(0) != pl.col("joint_investment_amt")
    )
    assert both.height == 0
    check = ROOT / "dbt_project/tests/alliance_ledger_agrees_with_the_file.sql"
    query = compiled(built.settings, check.read_text())
    assert rows(built.settings, query) == []
    last, one, amount = max(file.filter(pl.col("joint_investment_amt") > 0).iter_rows())
    change = "update raw.crm__group_customer set joint_investment_amt = joint_investment_amt + {}"
    change += f" where _period = '{last}' and group_id = '{one}'"
    execute(built.settings, change.format(7))
    try:
        [(when, differing, on_file, in_ledger)] = rows(built.settings, query)
    finally:
        execute(built.settings, change.format(-7))
    assert (when, differing) == (last, 1)
    assert (on_file, in_ledger) == (Decimal(amount) / 100 + 7, Decimal(amount) / 100)
