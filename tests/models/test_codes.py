"""Every code that a contract of channel, work and contact allows has a name in both languages."""

from __future__ import annotations

import csv
from collections import defaultdict

import pytest

from orchestration.contracts.reading import read_contracts
from orchestration.settings import ROOT

pytestmark = pytest.mark.fast

SEEDS = ROOT / "seeds/codes"
FEEDS = read_contracts(ROOT / "expectations/contracts")
#: code set: feed and column whose allowed values it names
NAMED = {
    "agreement_type": "channel.agreement agreement_type",
    "agreement_status": "channel.agreement status",
    "core_list": "channel.dealer core_list",
    "cooperation": "channel.dealer cooperation",
    "dealer_status": "channel.dealer status",
    "message_direction": "channel.dealer_message direction",
    "message_subject": "channel.dealer_message subject",
    "fund_movement_type": "channel.fund_movement movement_type",
    "fund_withdrawal_reason": "channel.fund_movement reason",
    "outlet_check_item": "channel.outlet_check item",
    "outlet_check_result": "channel.outlet_check result",
    "handling": "channel.transaction handling",
    "card_type": "recharge.card_batch card_type",
    "commission_type": "boss.commission commission_type",
    "allocation_mode": "boss.number_allocation allocation_mode",
    "device_type": "echannel.device_status device_type",
    "outbound_purpose": "echannel.outbound_call purpose",
    "outbound_result": "echannel.outbound_call result",
    "first_use_type": "mediation.first_use first_use_type",
    "inspection_item": "survey.inspection_item item",
    "inspector": "survey.inspection_item inspector",
    "inspection_finding": "survey.inspection_item finding",
    "complainant_type": "eoms.complaint complainant_type",
    "complaint_kind": "eoms.complaint complaint_kind",
    "complaint_channel": "eoms.complaint received_channel",
    "flow_class": "eoms.flow_node flow_class",
    "process_area": "eoms.flow_node process_area",
    "etom_process": "eoms.flow_node etom_process",
    "department": "eoms.flow_node department",
    "flow_role": "eoms.flow_node role",
    "flow_system": "eoms.flow_node system_code",
    "node_result": "eoms.node_instance result",
    "finding_kind": "eoms.walkthrough_finding finding_kind",
    "severity": "eoms.walkthrough_finding severity",
    "work_order_type": "eoms.work_order work_order_type",
    "network_specialty": "eoms.work_order network_specialty",
    "work_order_state": "eoms.work_order state",
    "partner_qualification": "si.partner_order qualification",
    "partner_order_state": "si.partner_order state",
    "visit_type": "crm.visit visit_type",
    "contact_mode": "crm.visit contact_mode",
    "visit_purpose": "crm.visit purpose",
    "visit_state": "crm.visit state",
    "need_type": "crm.visit need_type",
    "issue_kind": "crm.visit issue_kind",
    "opportunity_source": "crm.opportunity source_channel",
    "opportunity_state": "crm.opportunity state",
    "lost_reason": "crm.opportunity lost_reason",
    "sales_stage": "crm.opportunity_step stage",
    "sales_step": "crm.opportunity_step step",
    "step_result": "crm.opportunity_step result",
    "order_type": "crm.sales_order order_type",
    "fulfilment_path": "crm.sales_order fulfilment_path",
    "order_state": "crm.sales_order state",
    "trial_result": "crm.product_trial result",
    "course_kind": "training.attendance course_kind",
    "training_programme": "training.attendance programme",
    "training_need_source": "training.attendance need_source",
    "training_delivery": "training.attendance delivery",
    "certificate_kind": "training.certificate certificate_kind",
    "certificate_state": "training.certificate state",
    "exam_result": "training.exam result",
    "skill": "hr.capability_score skill",
    "manager_grade": "hr.manager_rating grade",
    "rating_result": "hr.manager_rating last_result",
    "initiative_level": "pmo.initiative level",
    "bsc_perspective": "pmo.initiative bsc_perspective",
    "contact_reason": "crm.customer_contact reason_code",
    "contact_direction": "crm.customer_contact direction",
    "alliance_kind": "crm.alliance_project alliance_kind",
    "alliance_project_stage": "crm.alliance_project project_stage",
    "customer_list_kind": "crm.customer_list list_kind",
    "warning_action": "crm.warning_feedback action_code",
    "warning_outcome": "crm.warning_feedback outcome_code",
    "campaign_kind": "campaign.campaign campaign_kind",
    "offer_type": "campaign.campaign offer_type",
    "target_segment": "campaign.campaign target_segment",
    "campaign_status": "campaign.campaign status",
    "campaign_step": "campaign.contact step_type",
    "campaign_result": "campaign.contact result_code",
    "decline_reason": "campaign.contact decline_reason",
    "list_segment": "campaign.target segment_code",
    "respondent_type": "survey.answer respondent_type",
}
#: tables of their own, because a code there means more than its name
KEYED = {
    "channel_type": ["channel.outlet outlet_type", "echannel.activity channel",
                     "echannel.user_month channel"],
    "transaction_type": ["channel.transaction transaction_type",
                         "echannel.activity transaction_type"],
    "survey_item": ["survey.answer item"],
}  # fmt: skip


def seed(name: str) -> list[dict[str, str]]:
    """The rows of a code table."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def allowed(place: str) -> set[str]:
    """What a contract allows in ``feed column``."""
    feed, column = place.split()
    return {str(v) for c in FEEDS[feed].columns if c.name == column for v in c.allowed}


def test_codes_are_those_of_the_contracts() -> None:
    codes: dict[str, set[str]] = defaultdict(set)
    for row in seed("code_name"):
        codes[row["code_set"]].add(row["code"])
        assert row["name_zh"] and row["name_en"] and not row["name_zh"].isspace(), row
    for code_set, place in NAMED.items():
        assert codes[code_set] == allowed(place), f"{code_set}: {place}"


def test_contact_channels_of_all_systems_are_named() -> None:
    named = {r["code"] for r in seed("code_name") if r["code_set"] == "contact_channel"}
    places = ("crm.customer_contact channel_type", "campaign.contact channel_type")
    assert named == set().union(*map(allowed, places))


@pytest.mark.parametrize("name", KEYED)
def test_tables_of_codes_have_all_of_them(name: str) -> None:
    listed = {row[name] for row in seed(name)}
    assert not set().union(*map(allowed, KEYED[name])) - listed


def test_five_kinds_of_business_are_rated_by_sms() -> None:
    rated = {r["transaction_type"] for r in seed("transaction_type") if r["is_sms_rated"] == "true"}
    assert rated == allowed("survey.sms_rating rated_type")


def test_every_skill_belongs_to_a_stage() -> None:
    rows = seed("capability")
    assert {r["skill"] for r in rows} == allowed("hr.capability_score skill")
    assert {r["sales_stage"] for r in rows} == allowed("crm.opportunity_step stage")
