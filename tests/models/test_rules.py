"""What the tests beside the models refuse: rule tables that contradict themselves, broken facts.

Each case plants one fault in a small warehouse and expects the tests that are there to see it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.settings import Settings
from tests.models.warehouse import dbt, empty_warehouse, execute, fill


@pytest.fixture(scope="module")
def built(installation: Settings) -> Iterator[Settings]:
    """Four months of 200 subscribers, built, with every data and unit test passing."""
    empty_warehouse(installation)
    fill(installation, subscribers=200, months=4)
    assert dbt(installation, "build", "--full-refresh") == {}
    yield installation


#: a fault in reference.<table>, and the test that must fail
RULE_FAULTS = {
    "two rules for one letter on a day": (
        "vad_threshold",
        "update {t} set valid_to = '2026-06-01' where dimension = 'V';"
        "insert into {t} select 'v2', dimension, measure, 400, '2026-05-01', null, source, note"
        " from {t} where dimension = 'V'",
        "no_overlap_vad_threshold_dimension",
    ),
    "a letter without a rule from some day on": (
        "vad_threshold",
        "update {t} set valid_from = '2026-06-01' where dimension = 'D'",
        "same_days_vad_threshold_dimension",
    ),
    "a letter that is none": (
        "vad_threshold",
        "update {t} set dimension = 'X' where dimension = 'D'",
        "same_days_vad_threshold_dimension",
    ),
    "a threshold for the wrong measure": (
        "vad_threshold",
        "update {t} set measure = 'data_mb' where dimension = 'V'",
        "each_row_vad_threshold",
    ),
    "a class twice": (
        "vad_class",
        "update {t} set is_high_vas = true where vad_class = 'VD'",
        "unique_combination_vad_class",
    ),
    "two mid/high-end rules on a day": (
        "mid_high_rule",
        "insert into {t} select 'second', 99, min_voice_out_min, baseline_months, '2026-01-01',"
        " null, source, note from {t}",
        "no_overlap_mid_high_rule",
    ),
    "a rule that ends before it begins": (
        "mid_high_rule",
        "update {t} set valid_to = '1999-01-01'",
        "no_overlap_mid_high_rule",
    ),
    "a baseline longer than what a changed month reaches": (
        "mid_high_rule",
        "update {t} set baseline_months = 6",
        "within_reach_mid_high_rule",
    ),
    "two groups with one priority": (
        "watch_priority",
        "update {t} set priority = 1 where watch_group = 'unstable'",
        "watch_priorities_are_unique",
    ),
    "a watch group without a priority": (
        "watch_priority",
        "delete from {t} where watch_group = 'unstable'",
        "same_days_watch_priority",
    ),
    "a parameter missing": (
        "watch_rule",
        "delete from {t} where parameter = 'call_forward_ratio'",
        "same_days_watch_rule",
    ),
    "a share above one": (
        "watch_rule",
        "update {t} set value = 30 where parameter = 'drop_rate'",
        "each_row_watch_rule",
    ),
    "a higher level easier than a lower one": (
        "warning_rule",
        "update {t} set threshold_value = 0.20 where rule_id = 'bill_drop_2'",
        "levels_rise_warning_rule",
    ),
    "two levels alike": (
        "warning_rule",
        "update {t} set threshold_value = 0.30 where rule_id = 'bill_drop_2'",
        "levels_rise_warning_rule",
    ),
    "a warning without a threshold": (
        "warning_rule",
        "update {t} set threshold_value = null where rule_id = 'call_forward_3'",
        "each_row_warning_rule",
    ),
    "a cohort frozen in the middle of a month": (
        "retention_cohort",
        "update {t} set freeze_month = '2025-12-15' where cohort_id = '2025-12'",
        "each_row_retention_cohort",
    ),
}


@pytest.mark.parametrize("name", RULE_FAULTS)
def test_a_faulty_rule_table_is_refused(built: Settings, name: str) -> None:
    table, fault, expected = RULE_FAULTS[name]
    whole = f"reference.{table}"
    execute(built, f"drop table if exists core.kept; create table core.kept as table {whole}")
    execute(built, fault.format(t=whole))
    try:
        failed = dbt(built, "test", "--select", f"{table},resource_type:seed")
    finally:
        execute(built, f"truncate {whole}; insert into {whole} table core.kept")
    assert [test for test in failed if test.startswith(expected)], failed


#: a fault in a built table, and the test that must fail
FACT_FAULTS = {
    "a month without a complete set of rules": (
        "update core.int_rule__month set high_voice_min = null where stat_month = '2026-09-01'",
        "int_subscriber_month__segment",
        "not_null_int_subscriber_month__segment_vad_class",
    ),
    "a subscriber who vanished from the snapshot": (
        "delete from raw.crm__subscriber where _period = '2026-09-01'"
        " and subscriber_id = (select min(subscriber_id) from core.fct_subscriber_month"
        " where stat_month = '2026-08-01' and is_on_net)",
        "fct_subscriber_month",
        "opening_is_the_previous_closing",
    ),
    "an area that no organisation has": (
        "update raw.crm__subscriber set area_id = 'A999' where subscriber_id = 'S00000001'",
        "fct_subscriber_month",
        "references_in_month_fct_subscriber_month_area_id",
    ),
    "a bill of nobody": (
        "update raw.boss__subscriber_bill set subscriber_id = 'S9'"
        " where subscriber_id = 'S00000002' and _period = '2026-10-01'",
        "stg_boss__subscriber_bill",
        "references_in_month_stg_boss__subscriber_bill",
    ),
    "a brand nobody knows": (
        "update raw.crm__subscriber set brand = 'x' where subscriber_id = 'S00000003'",
        "stg_crm__subscriber",
        "allowed_stg_crm__subscriber",
    ),
}


@pytest.mark.parametrize("name", FACT_FAULTS)
def test_broken_facts_are_refused(built: Settings, name: str) -> None:
    fault, model, expected = FACT_FAULTS[name]
    execute(built, fault)
    failed = dbt(
        built, "build", "--select", model, "--indirect-selection", "eager",
        "--exclude-resource-type", "unit_test",
    )  # fmt: skip
    assert [test for test in failed if test.startswith(expected)], failed
