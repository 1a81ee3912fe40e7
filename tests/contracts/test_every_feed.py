"""Every contract, whatever its feed: said in both languages, by house rules, for a requirement."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from orchestration.contracts import read_contracts
from orchestration.contracts.derive import STANDARD_CONTRACTS
from orchestration.contracts.feed import Column, Feed
from orchestration.settings import ROOT

pytestmark = pytest.mark.fast

FEEDS = read_contracts(STANDARD_CONTRACTS)
HAN = re.compile(r"[\u4e00-\u9fff]")
CADENCES = {"daily", "weekly", "monthly", "quarterly", "on_change"}
#: other names of days, of which each says which day it is
DATES = ("_on", "_date", "_since", "_from", "_to", "_month")
#: what the end of a name promises of the type
NAMES: tuple[tuple[str | tuple[str, ...], Callable[[str, bool], bool], str], ...] = (
    ("_amt", lambda t, _: t == "numeric(18,2)", "is an amount, but not numeric(18,2)"),
    (("_min", "_mb"), lambda t, _: t.startswith("numeric"), "is a quantity, but not numeric"),
    ("_cnt", lambda _, numeric: numeric, "is a count, but no number"),
)

#: requirements that no extract can serve, and why
NOT_FROM_EXTRACTS = {
    "R006": "made of R003 and R005",
    "R018": "made of earlier grades, which the warehouse keeps itself",
    "R019": "made of value score, ARPU and growth",
    "R020": "made of earlier grades, which the warehouse keeps itself",
    "R025": "made of R026 to R029",
    "R027": "a rule about the weights in seeds/reference",
    "R086": "weights in seeds/reference",
    "R110": "weights in seeds/reference",
    "R123": "a rank among scores the warehouse computes",
    "R125": "made of scores the warehouse computes",
    "R174": "made of all marts",
    "R192": "the warehouse's own messages and their receipts",
    "R200": "made of all measures of account managers",
    "R201": "an export of marts",
    "R220": "made of all marts; what flows back is an export",
    "R237": "a rule about measures at two levels",
    "R238": "a tag on measures, which are the product's own",
    "R239": "the contracts themselves",
    "R240": "how extracts are loaded",
    "R242": "what people may do with marts",
    "R243": "dashboards over marts",
    "R244": "the dashboards' own usage",
    "R245": "how rules are kept",
    "R247": "what the product is for",
}


def breaches(feed: Feed, feeds: dict[str, Feed]) -> list[str]:
    """What of the house rules the contract of ``feed`` does not keep."""
    found = []
    if not (feed.description.endswith(".") and feed.description_zh.endswith("。")):
        found.append("is not described in both languages")
    if not (HAN.search(feed.name_zh) and HAN.search(feed.description_zh)):
        found.append("has no Chinese name and description")
    if not (HAN.search(feed.owner) and re.search(r"[A-Za-z]{2}", feed.owner)):
        found.append("has no owner in both languages")
    if feed.cadence not in CADENCES:
        found.append(f"comes {feed.cadence!r}")
    if feed.due_day is None and feed.cadence != "on_change":
        found.append("is due on no day")
    if feed.due_day is not None and not 1 <= feed.due_day <= 28:
        found.append(f"is due on day {feed.due_day}")
    if not feed.grain.startswith("one row per "):
        found.append(f"has the grain {feed.grain!r}")
    if not feed.requirements:
        found.append("serves no requirement")
    columns = [f"{c.name} {what}" for c in feed.columns for what in column_breaches(c, feeds)]
    return found + columns


def column_breaches(column: Column, feeds: dict[str, Feed]) -> list[str]:
    """The same of one column."""
    found = []
    if not (column.description.endswith(".") and column.description_zh.endswith("。")):
        found.append("is not described in both languages")
    if not HAN.search(column.name_zh) or not HAN.search(column.description_zh):
        found.append("has no Chinese name and description")
    if (column.sql_type == "boolean") != column.name.startswith(("is_", "has_")):
        found.append("is named against its type: is_ and has_ are for booleans")
    wrong = [
        says
        for ending, fits, says in NAMES
        if column.name.endswith(ending) and not fits(column.sql_type, column.is_numeric)
    ]
    found += wrong
    if column.sql_type == "timestamp" and not column.name.endswith("_at"):
        found.append("is a timestamp whose name does not end in _at")
    if column.sql_type == "date" and not column.name.endswith(DATES):
        found.append("is a date whose name does not say so")
    for code in column.allowed:
        if not re.fullmatch(r"[a-z0-9_]+", code):
            found.append(f"allows {code!r}, which is not a snake_case code")
    if column.references:
        name, key = column.references
        target = feeds[name].column(key)
        if target.sql_type != column.sql_type:
            found.append(f"is {column.sql_type}, but {name}.{key} is {target.sql_type}")
        if feeds[name].key != (key,):
            found.append(f"leads to {name}.{key}, which is not that feed's key")
    return found


@pytest.mark.parametrize("name", FEEDS)
def test_a_contract_keeps_the_house_rules(name: str) -> None:
    assert breaches(FEEDS[name], FEEDS) == []


def test_the_rules_notice_what_is_wrong() -> None:
    """The checker itself must be able to fail."""
    feed = FEEDS["boss.recharge"]
    wrong = replace(
        feed, name_zh="Recharge", owner="IT", cadence="often", due_day=None, requirements=()
    )
    assert len(breaches(wrong, FEEDS)) == 5
    subscriber = feed.column("subscriber_id")
    amount = feed.column("recharge_amt")
    for column in (
        replace(subscriber, name="is_subscriber"),
        replace(subscriber, sql_type="integer"),
        replace(subscriber, references=("crm.subscriber", "msisdn")),
        replace(subscriber, description_zh="用户"),
        replace(subscriber, allowed=("全球通",)),
        replace(amount, sql_type="numeric(12,2)"),
        replace(feed.column("recharged_at"), name="recharged_on"),
    ):
        assert len(column_breaches(column, FEEDS)) == 1, column


def test_every_requirement_named_exists() -> None:
    with (ROOT / "docs/requirements.csv").open(encoding="utf-8") as f:
        known = {row["id"] for row in csv.DictReader(f)}
    assert named() <= known
    assert set(NOT_FROM_EXTRACTS) <= known


def test_every_requirement_that_needs_extracts_is_served() -> None:
    with (ROOT / "docs/requirements.csv").open(encoding="utf-8") as f:
        known = {row["id"] for row in csv.DictReader(f)}
    assert known - named() == set(NOT_FROM_EXTRACTS)


def named() -> set[str]:
    """Requirements that a feed or a column of one serves."""
    own = {r for feed in FEEDS.values() for r in feed.requirements}
    return own | {r for f in FEEDS.values() for c in f.columns for r in c.requirements}


def test_what_says_who_somebody_is_is_marked() -> None:
    """Telephone numbers, names, birthdays and homes of people are personal data."""
    pattern = re.compile(
        r"msisdn|phone_no|mobile_no|birth|home_address|(customer|person|member)_name"
    )
    unmarked = {
        f"{feed.name}.{c.name}"
        for feed in FEEDS.values()
        for c in feed.columns
        if pattern.search(c.name) and c.pii not in {"personal", "sensitive"}
    }
    assert unmarked == set()
    assert FEEDS["crm.subscriber"].column("msisdn").pii == "personal"


def test_feeds_of_money_carry_a_control_total() -> None:
    """Where money is the point of a feed, the manifest can tell that some is missing."""
    for name in ("boss.bill_item", "boss.payment", "boss.commission", "finance.cost_allocation"):
        assert FEEDS[name].control_totals, name


def test_only_what_needs_a_legal_basis_is_off() -> None:
    off = {name for name, feed in FEEDS.items() if not feed.enabled}
    assert off == {"mediation.competitor_contact"}
    sensitive = {c.name for c in FEEDS["mediation.competitor_contact"].columns if c.pii != "none"}
    assert sensitive == {"subscriber_id", "competitor_manager_no"}


def test_no_two_feeds_have_the_same_name() -> None:
    names = [feed.name_zh for feed in FEEDS.values()]
    assert sorted(names) == sorted(set(names))
    paths = [p for p in STANDARD_CONTRACTS.rglob("*.yaml") if not _is_contract(p)]
    assert paths == []


def _is_contract(path: Path) -> bool:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document["kind"] == "DataContract" and document["status"] in {"active", "draft"}
