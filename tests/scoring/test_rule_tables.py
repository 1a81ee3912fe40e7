"""The scoring rule tables refuse what contradicts itself, and name the row."""

from __future__ import annotations

import pytest

from orchestration.engine.databases import connect
from orchestration.settings import Settings
from tests.models.warehouse import dbt, execute

TABLES = [
    "kpi", "scoring_method", "score_band", "score_gate", "scorecard", "scorecard_scope",
    "scorecard_kpi",
]  # fmt: skip
#: what is planted at once -> the tests that must fail, by how their names begin
FAULTS: dict[str, dict[str, str]] = {
    "numbers and dates": {
        "update reference.scorecard_kpi set weight = weight + 0.05"
        " where rule_id = 'sk_dealer_dealer_new_numbers_1'": "scorecard_weights_scorecard_kpi",
        "update reference.scorecard_kpi set weight = weight - 0.05"
        " where rule_id = 'sk_hall_county_score_1';"
        "update reference.scorecard_kpi set weight = weight + 0.05"
        " where rule_id = 'sk_hall_hall_new_numbers_1'": "scorecard_parts_scorecard_kpi",
        "update reference.score_band set from_value = 0.65 where rule_id = 'sb_inspection_2_1'":
            "bands_cover_score_band",
        "update reference.scoring_method set cap_rate = 0.9 where rule_id = 'sm_target_1'":
            "scoring_method_rows_are_sound",
        "update reference.score_gate set cap_points = 100 where rule_id = 'sg_awareness_1'":
            "score_gate_rows_are_sound",
        "update reference.kpi set parent_kpi_code = 'visits_done'"
        " where kpi_code = 'visits_done'": "tree_ends_kpi",
        "insert into reference.scorecard select 'second', scorecard_code, name_zh, name_en,"
        " scope_type, peer_by, rank_by, is_enabled, '2026-01-01', null, source, note"
        " from reference.scorecard where scorecard_code = 'city'": "no_overlap_scorecard_score",
    },
    "names": {
        "update reference.scorecard_kpi set kpi_code = 'nothing'"
        " where rule_id = 'sk_city_visits_done_1'": "names_a_rule_scorecard_kpi_kpi_code",
        "update reference.scorecard_kpi set method_code = 'guess'"
        " where rule_id = 'sk_city_group_revenue_1'": "names_a_rule_scorecard_kpi_method_code",
        "update reference.kpi set parent_kpi_code = 'nothing'"
        " where kpi_code = 'ict_revenue'": "kpi_parent_is_a_kpi",
        "update reference.kpi set direction = 'sideways' where kpi_code = 'ict_revenue'":
            "allowed_kpi",
        "update reference.kpi set owner_post = null where kpi_code = 'gs_goal'":
            "kpi_rows_are_sound",
        "update reference.scoring_method set band_set = 'none' where method = 'bands'":
            "method_bands_exist",
        "update reference.score_gate set scorecard_code = 'none'"
        " where rule_id = 'sg_awareness_1'": "names_a_rule_score_gate_scorecard_code",
        "delete from reference.scorecard_scope where scorecard_code = 'county'":
            "scorecard_has_members",
        "update reference.scorecard set is_enabled = null where scorecard_code = 'city'":
            "scorecard_rows_are_sound",
    },
}  # fmt: skip


def blamed(scoring: Settings, test: str) -> list[str]:
    """The rules that a failed test names."""
    folder = scoring.home / "dbt/compiled/telmart/models/core/scoring/_rules__scoring.yml"
    [query] = folder.glob(f"{test}*.sql")
    with connect(scoring) as warehouse:
        cursor = warehouse.execute(query.read_text(encoding="utf-8").encode())
        place = [column.name for column in cursor.description or []].index("rule_id")
        return [row[place] for row in cursor.fetchall()]


def failing(scoring: Settings) -> list[str]:
    """The tests of the rule tables that fail."""
    chosen = " ".join(TABLES)
    return list(dbt(scoring, "test", "--select", chosen, "--indirect-selection", "cautious"))


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_rule_table_is_refused(scoring: Settings, name: str) -> None:
    for table in TABLES:
        execute(scoring, f"create table core.kept_{table} as table reference.{table}")
    try:
        for fault in FAULTS[name]:
            execute(scoring, fault)
        failed = failing(scoring)
        named = {test: blamed(scoring, test) for test in failed if not test.startswith("allowed")}
    finally:
        for table in TABLES:
            execute(
                scoring,
                f"truncate reference.{table};"
                f"insert into reference.{table} table core.kept_{table};"
                f"drop table core.kept_{table}",
            )
    missed = [test for test in FAULTS[name].values() if not any(f.startswith(test) for f in failed)]
    assert not missed, failed
    assert all(named.values()) and all(all(rules) for rules in named.values()), named


def test_the_shipped_rule_tables_are_sound(scoring: Settings) -> None:
    assert failing(scoring) == []
