"""Contracts: the feeds of the spine are what its models expect; a wrong contract says where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from orchestration.contracts import parse_period, read_contract, read_contracts
from orchestration.contracts.derive import (
    SOURCES_FILE,
    STANDARD_CONTRACTS,
    dbt_sources,
    parent_table_ddl,
)
from orchestration.contracts.templates import csv_template
from orchestration.errors import TelmartError

pytestmark = pytest.mark.fast

#: columns of the feeds that the retention mart is built from
COLUMNS = {
    "boss.product": 6,
    "boss.recharge": 5,
    "boss.status_event": 5,
    "boss.subscriber_bill": 9,
    "boss.subscriber_usage": 10,
    "crm.contract": 9,
    "crm.subscriber": 12,
    "hr.org_unit": 6,
    "hr.staff": 7,
}


def test_the_feeds_of_the_spine() -> None:
    every = read_contracts(STANDARD_CONTRACTS)
    feeds = {name: every[name] for name in COLUMNS}
    assert {name: len(feed.columns) for name, feed in feeds.items()} == COLUMNS
    assert feeds["boss.subscriber_bill"].key == ("subscriber_id",)
    assert feeds["boss.subscriber_bill"].control_totals == ("billed_amt",)
    assert feeds["boss.recharge"].column("recharged_at").timing == "in_period"
    nullable = {f"{f.name}.{c.name}" for f in feeds.values() for c in f.columns if not c.required}
    assert nullable == {
        "hr.org_unit.parent_id",
        "hr.staff.staff_name_en",
        "crm.subscriber.birth_year",
        "crm.subscriber.account_manager_id",
    }


def test_every_column_is_described_in_both_languages() -> None:
    for feed in read_contracts(STANDARD_CONTRACTS).values():
        assert feed.owner, feed.name
        for column in feed.columns:
            assert column.description.endswith("."), (feed.name, column.name)
            assert column.description_zh.endswith("。"), (feed.name, column.name)
            assert column.name_zh != column.name, (feed.name, column.name)


def test_contracts_are_valid_by_the_standard_s_own_schema() -> None:
    from jsonschema import Draft201909Validator
    from open_data_contract_standard.model import OpenDataContractStandard

    validator = Draft201909Validator(json.loads(OpenDataContractStandard.json_schema()))
    paths = list(STANDARD_CONTRACTS.glob("*/*.yaml"))
    assert len(paths) > 80
    for path in paths:
        errors = [e.message for e in validator.iter_errors(yaml.safe_load(path.read_text()))]
        assert errors == [], path


def test_dbt_sources_are_current() -> None:
    feeds = read_contracts(STANDARD_CONTRACTS)
    assert SOURCES_FILE.read_text(encoding="utf-8") == dbt_sources(feeds.values()), (
        "run `uv run python -m orchestration.contracts.derive`"
    )


def test_ddl_and_template_follow_the_contract() -> None:
    feed = read_contract(STANDARD_CONTRACTS / "boss/recharge.yaml")
    ddl = parent_table_ddl(feed).as_string(None)
    assert '"recharge_amt" numeric(18,2)' in ddl
    assert ddl.endswith(
        "_period date not null, _load_id bigint not null) partition by list (_period)"
    )
    assert csv_template(feed) == (
        "recharge_id,subscriber_id,recharged_at,recharge_amt,recharge_channel\n"
    )


# ---- periods -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "text", "value", "tag", "last"),
    [
        ("month", "2026-02", "2026-02-01", "p202602", "2026-02-28"),
        ("day", "2026-10-15", "2026-10-15", "p20261015", "2026-10-15"),
        ("full", "full", "-infinity", "pfull", "None"),
    ],
)
def test_periods(kind: str, text: str, value: str, tag: str, last: str) -> None:
    feed = replace(read_contract(STANDARD_CONTRACTS / "boss/recharge.yaml"), period_kind=kind)
    period = parse_period(feed, text)
    assert (period.value, period.tag, str(period.last)) == (value, tag, last)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "202610", "2026-10-01", "full", "", "2026-10 "]
)
def test_a_period_that_is_none(text: str) -> None:
    feed = read_contract(STANDARD_CONTRACTS / "boss/recharge.yaml")
    with pytest.raises(TelmartError) as caught:
        parse_period(feed, text)
    assert repr(text) in caught.value.message
    assert "2026-10" in caught.value.remedy


# ---- wrong contracts ---------------------------------------------------------------------------
GOOD = """\
apiVersion: v3.1.0
kind: DataContract
id: boss.visit
version: 1.0.0
status: active
customProperties:
  - {property: period, value: month}
schema:
  - name: visit
    properties:
      - name: visit_id
        logicalType: string
        physicalType: text
        primaryKey: true
      - name: fee_amt
        logicalType: number
        physicalType: numeric(18,2)
        customProperties:
          - {property: min, value: 0}
"""


TEXT = "        physicalType: text\n"
KEY = "{}.yaml#schema/{}/properties/{}"
LEADS = "        relationships:\n          - {{type: foreignKey, to: '{}'}}\n"
MONTH = "value: month}"
MIN = "property: min, value: 0"


def write(folder: Path, text: str, name: str = "boss/visit.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_contract(tmp_path: Path) -> None:
    feed = read_contract(write(tmp_path, GOOD))
    assert (feed.name, feed.table, feed.tolerance) == ("boss.visit", "boss__visit", 0.02)
    assert feed.column("visit_id").required, "a key is always required"
    assert not feed.column("fee_amt").required


def test_a_full_feed_says_what_it_covers(tmp_path: Path) -> None:
    text = GOOD.replace(
        "value: month}", "value: full}\n  - {property: covers, value: 2014-06..2014-09}"
    )
    feed = read_contract(write(tmp_path, text))
    period = parse_period(feed, "full")
    assert feed.covers == ("2014-06", "2014-09")
    assert (str(period.first), str(period.last)) == ("2014-06-01", "2014-09-30")


def test_a_changed_contract_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert read_contract(path).version == "1.0.0"
    write(tmp_path, GOOD.replace("version: 1.0.0", "version: 1.10.0"))
    assert read_contract(path).version == "1.10.0"


@pytest.mark.parametrize(
    ("old", "new", "field", "hint"),
    [
        ("numeric(18,2)", "money", "schema.properties.fee_amt.physicalType", "numeric(p,s)"),
        ("physicalType: text", "physicalType: varchar", "visit_id.physicalType", "Use text"),
        ("logicalType: number", "logicalType: string", "fee_amt.logicalType", "is a number"),
        ("  - {property: period, value: month}\n", "", "period is missing", "month, day, full"),
        ("value: month}", "value: year}", "period is 'year'", "month, day, full"),
        ("property: period", "property: perod", "perod", "Did you mean period?"),
        ("property: min", "property: minimum", "fee_amt.minimum", "Did you mean min?"),
        (MIN, "property: min, value: zero", "fee_amt.min", "number"),
        (MIN, "property: allowed, value: a", "fee_amt.allowed", "list"),
        (MIN, "property: whenUnknown, value: ask", "fee_amt.whenUnknown", "List the values"),
        (MIN, "property: timing, value: in_period", "fee_amt.timing", "date"),
        (MIN, "property: piiClass, value: x", "fee_amt.piiClass", "personal"),
        (MIN, "property: aliases, value: [VISIT_ID]", "fee_amt", "one column"),
        ("        primaryKey: true\n", "", "has no key", "primaryKey"),
        ("version: 1.0.0\n", "", "version", "1.0.0"),
        ("id: boss.visit", "id: boss.visits", "id is 'boss.visits'", "boss.visit"),
        ("name: fee_amt", "name: Fee", "'Fee' is not a column name", "aliases"),
        ("name: fee_amt", "name: visit_id", "visit_id appears twice", "Remove"),
        (MONTH, MONTH + "\n  - {property: tolerance, value: 2}", "tolerance", "share"),
        (MONTH, MONTH + "\n  - {property: covers, value: 2014}", "covers", "2014-06"),
        (MONTH, MONTH + "\n  - {property: delimiter, value: ';;'}", "delimiter", "tab"),
        (MONTH, MONTH + "\n  - {property: encoding, value: big5}", "encoding", "utf-8"),
        (MONTH, MONTH + "\n  - {property: dueDay, value: x}", "dueDay", "whole"),
        (
            MONTH,
            MONTH + "\n  - {property: controlTotals, value: [visit_id]}",
            "controlTotals",
            "numeric",
        ),
        (MONTH, MONTH + "\n  - {property: dueTime, value: '24:00'}", "dueTime", "08:00"),
        (MONTH, MONTH + "\n  - {property: requirements, value: [R1]}", "requirements", "R001"),
        (TEXT, TEXT + LEADS.format("staff.staff_id"), "visit_id.relationships", "../hr/staff"),
        (TEXT, TEXT + LEADS.format(KEY.format("a", "b", "c")), "relationships", "is called a"),
        ("schema:", "shema:", "shema", "Standard"),
        ("id: boss.visit", "id: [", "not YAML", "Correct"),
        ("  - name: visit\n", "  - name: x\n  - name: visit\n", "schema has 2 objects", "one"),
    ],
)
def test_a_wrong_contract_names_file_and_field(
    tmp_path: Path, old: str, new: str, field: str, hint: str
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(TelmartError) as caught:
        read_contract(path)
    assert str(path) in caught.value.message
    assert field in caught.value.message
    assert hint in caught.value.remedy


def test_references_lead_to_columns_that_exist(tmp_path: Path) -> None:
    write(
        tmp_path,
        GOOD.replace(TEXT, TEXT + LEADS.format(KEY.format("visit", "visit", "visit_id")), 1),
    )
    feed = read_contracts(tmp_path)["boss.visit"]
    assert feed.column("visit_id").references == ("boss.visit", "visit_id")
    write(
        tmp_path,
        GOOD.replace(TEXT, TEXT + LEADS.format(KEY.format("visit", "visit", "person_id")), 1),
    )
    with pytest.raises(TelmartError, match=r"visit_id\.relationships leads to boss\.visit\.person"):
        read_contracts(tmp_path)


def test_a_contract_is_of_use_without_those_it_references(tmp_path: Path) -> None:
    write(
        tmp_path,
        GOOD.replace(TEXT, TEXT + LEADS.format(KEY.format("../crm/person", "person", "id")), 1),
    )
    feed = read_contracts(tmp_path)["boss.visit"]
    assert feed.column("visit_id").references == ("crm.person", "id")


def test_all_that_our_contracts_reference_is_there() -> None:
    feeds = read_contracts(STANDARD_CONTRACTS)
    assert [
        f"{feed.name}.{column.name}"
        for feed in feeds.values()
        for column in feed.columns
        if column.references and column.references[0] not in feeds
    ] == []


def test_an_empty_file_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(TelmartError, match="not a data contract"):
        read_contract(write(tmp_path, ""))
    with pytest.raises(TelmartError, match="no contracts"):
        read_contracts(tmp_path / "nothing")
