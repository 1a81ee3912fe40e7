"""The suites as files: complete, in both languages, and refused with the place when not."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import yaml

from orchestration.contracts import all_feeds
from orchestration.errors import TelmartError
from orchestration.quality.arrival import DELIVERY
from orchestration.quality.contract_rules import contract_rules
from orchestration.quality.profile import measured
from orchestration.quality.rules import Suite
from orchestration.quality.suites import STANDARD, arrival_suites, mart_suites
from orchestration.settings import ROOT, Settings

pytestmark = pytest.mark.fast

#: what the published marts are built from: their suites are written by hand
OF_THE_MARTS = {
    "boss.product", "boss.recharge", "boss.status_event", "boss.subscriber_bill",
    "boss.subscriber_usage", "crm.contract", "crm.subscriber", "hr.org_unit", "hr.staff",
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(graph_settings: Settings) -> Settings:
    return graph_settings


@pytest.fixture(scope="module")
def suites(settings: Settings) -> list[Suite]:
    return [*arrival_suites(settings).values(), *mart_suites(settings).values()]


def test_every_rule_says_what_why_and_who(suites: list[Suite]) -> None:
    for suite in suites:
        names = [rule.id for rule in suite.rules]
        assert len(names) == len(set(names)), f"{suite.name}: two rules of one name"
        for rule in suite.rules:
            where = f"{suite.name}.{rule.id}"
            assert rule.description.endswith("."), where
            assert rule.description_zh.endswith("。"), where
            assert any("\u4e00" <= c <= "\u9fff" for c in rule.description_zh), where
            assert len(rule.reason) > 20 and rule.owner, where


def test_rules_on_a_profile_name_what_is_measured(suites: list[Suite]) -> None:
    """A misspelt measure would be null, and null passes."""
    for suite in suites:
        declared = {*suite.measures, *(r.measure for r in suite.references)}
        declared |= set(DELIVERY)
        for query in suite.queries:
            declared |= {word.strip(",") for word in query.split()}
        for name in measured(suite):
            assert name in declared, f"{suite.name}: nobody measures {name}"


def test_every_feed_has_key_and_volume_rules_and_those_of_the_marts_block(
    settings: Settings,
) -> None:
    for feed, suite in arrival_suites(settings).items():
        ids = {rule.id for rule in suite.rules if rule.severity == "critical"}
        assert {"key_is_unique", "no_key_or_date_in_quarantine"} <= ids, feed
        volumes = [rule.severity for rule in suite.rules if rule.id == "volume"]
        if all_feeds(settings)[feed].period_kind != "full":
            assert volumes == ["critical" if feed in OF_THE_MARTS else "warning"], feed
        for key in all_feeds(settings)[feed].key:
            assert f"{key}_not_null" in ids, feed


def test_subscribers_and_units_are_referenced(settings: Settings) -> None:
    suites = arrival_suites(settings)
    for feed in ("boss.subscriber_bill", "boss.subscriber_usage", "boss.recharge",
                 "boss.status_event", "crm.contract"):  # fmt: skip
        assert ("subscriber_id", "crm.subscriber") in {
            (r.column, r.feed) for r in suites[feed].references
        }
    assert {r.feed for r in suites["crm.subscriber"].references} == {"hr.org_unit", "hr.staff"}


def test_contract_gives_rules(settings: Settings) -> None:
    feed = all_feeds(settings)["boss.recharge"]
    rules = {rule.id: rule for rule in contract_rules(feed)}
    assert rules["recharged_at_not_in_future"].kwargs["column_A"] == "_period_after"
    assert rules["recharged_at_not_before_period"].kwargs["or_equal"] is True
    assert set(rules["recharge_channel_is_known"].kwargs["value_set"]) == {
        "hall", "dealer", "online", "bank", "card",
    }  # fmt: skip
    assert "recharge_amt_within_bounds" in rules


def test_disabled_reference_is_left_out(settings: Settings, tmp_path: Path) -> None:
    """An operator without a feed keeps the rules of the others."""
    operator = tmp_path / "operator"
    shutil.copytree(ROOT / "expectations/contracts", operator / "contracts")
    shutil.copytree(STANDARD, operator / "suites")
    path = operator / "contracts/hr/staff.yaml"
    path.write_text(path.read_text().replace("status: active", "status: retired"))
    suites = arrival_suites(dataclasses.replace(settings, operator=operator))
    assert "hr.staff" not in suites
    assert [r.feed for r in suites["crm.subscriber"].references] == ["hr.org_unit"]
    assert "account_manager_id_exists" not in {r.id for r in suites["crm.subscriber"].rules}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"volumes": {}}, "nobody reads volumes"),
        ({"feed": "boss.bill"}, "the file's name says"),
        ({"volume": {"at_least": 0.5}}, "lacks 'at_most'"),
        ({"expectations": [{"id": "x", "type": "ExpectColumnToExist"}]}, "lacks 'kwargs'"),
    ],
)
def test_faulty_file_is_refused(
    settings: Settings, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    operator = tmp_path / "operator"
    shutil.copytree(ROOT / "expectations/contracts", operator / "contracts")
    folder = operator / "suites/arrival"
    folder.mkdir(parents=True)
    entry = {"feed": "boss.recharge", "owner": "somebody", **change}
    (folder / "boss__recharge.yaml").write_text(yaml.safe_dump(entry))
    with pytest.raises(TelmartError) as refused:
        arrival_suites(dataclasses.replace(settings, operator=operator))
    assert said in str(refused.value)
    assert "boss__recharge.yaml" in str(refused.value)
