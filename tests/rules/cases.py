"""Every rule table and what can be wrong with it."""

from __future__ import annotations

from tests.rules.spoiling import Spoilt

LATER = {"valid_from": "2026-05-01"}


def twice(table: str, of: str, column: str = "valid_from") -> Spoilt:
    """A second row of the same key while the first still holds."""
    return Spoilt(
        table, "no_overlap", "second", column, "2026-05-01", "Write 2026-05-01 as valid_to in line",
        add=[(of, {"rule_id": "second", **LATER})],
    )  # fmt: skip


def row(
    table: str, at: str, column: str, value: str, remedy: str = "Correct the value.",
    **others: str,
) -> Spoilt:  # fmt: skip
    """A value that breaks what must be true of every row; ``others``: changed along with it."""
    change = {(at, column): value} | {(at, name): text for name, text in others.items()}
    return Spoilt(table, "each_row", at, column, value, remedy, change=change)


def code(table: str, at: str, column: str, value: str, remedy: str) -> Spoilt:
    """A code that the column does not have."""
    return Spoilt(table, "allowed", at, column, value, remedy, change={(at, column): value})


def empty(table: str, at: str, column: str) -> Spoilt:
    return Spoilt(table, "filled", at, column, "", "Fill it in", change={(at, column): ""})


def source(table: str, at: str) -> Spoilt:
    return Spoilt(
        table, "known_source", at, "source", "R999", "like R110, or ours",
        change={(at, "source"): "R999"},
    )  # fmt: skip


CASES: dict[str, Spoilt] = {
    # ---- retention
    "a cohort frozen within a month": row(
        "retention_cohort", "2025-12", "freeze_month", "2025-12-15"),
    "a cohort without months": row("retention_cohort", "2025-12", "baseline_months", "0"),
    "a cohort tracked until before it": row(
        "retention_cohort", "2025-12", "tracked_to", "2025-11-01"),
    "a cohort's name twice": Spoilt(
        "retention_cohort", "unique", "", "cohort_id", "2025-12", "name of its own",
        add=[("2025-12", {"freeze_month": "2024-12-01"})], dbt="unique_retention_cohort_cohort_id"),
    "two mid/high-end rules": twice("mid_high_rule", "mid_high_1"),
    "a rule that ends before it begins": Spoilt(
        "mid_high_rule", "no_overlap", "mid_high_1", "valid_from, valid_to",
        "2000-01-01, 1999-01-01", "a day after valid_from",
        change={("mid_high_1", "valid_to"): "1999-01-01"}),
    "a baseline beyond reach": Spoilt(
        "mid_high_rule", "within_reach", "mid_high_1", "baseline_months", "6",
        "Write 1 to 3", change={("mid_high_1", "baseline_months"): "6"}),
    "everybody is mid/high-end": row("mid_high_rule", "mid_high_1", "min_billed_amt", "0.00"),
    "negative minutes": row("mid_high_rule", "mid_high_1", "min_voice_out_min", "-1"),
    "no least bill": empty("mid_high_rule", "mid_high_1", "min_billed_amt"),
    "a mid/high-end rule of nowhere": source("mid_high_rule", "mid_high_1"),
    "two rules for V": twice("vad_threshold", "vad_v_1"),
    "no rule for D": Spoilt(
        "vad_threshold", "same_days", "vad_v_1", "dimension", "D", "Add a row for D",
        drop=["vad_d_1"]),
    "D ends before the others": Spoilt(
        "vad_threshold", "same_days", "vad_v_1", "dimension", "D", "holds on 2026-06-01",
        change={("vad_d_1", "valid_to"): "2026-06-01"}),
    "a letter that is none": Spoilt(
        "vad_threshold", "same_days", "vad_d_1", "dimension", "X", "Codes: V, D, A",
        change={("vad_d_1", "dimension"): "X"}),
    "the wrong measure": row("vad_threshold", "vad_v_1", "measure", "data_mb"),
    "a threshold of nothing": row("vad_threshold", "vad_a_1", "min_value", "0.00"),
    "two rows of one name": Spoilt(
        "vad_threshold", "unique", "", "rule_id", "vad_v_1", "name of its own",
        change={("vad_d_1", "rule_id"): "vad_v_1"}, dbt="unique_vad_threshold_rule_id"),
    # ---- watch groups and warnings
    "two values of a parameter": twice("watch_rule", "vl_drop_1"),
    "a parameter missing": Spoilt(
        "watch_rule", "same_days", "ow_min_conditions_1", "parameter", "call_forward_ratio",
        "Add a row for call_forward_ratio", drop=["ow_forward_ratio_1"]),
    "a share in percent": row("watch_rule", "vl_drop_1", "value", "30"),
    "five of four conditions": row("watch_rule", "ow_min_conditions_1", "value", "5"),
    "a negative parameter": row("watch_rule", "us_min_cv_1", "value", "-0.3"),
    "an unknown watch group": code(
        "watch_rule", "vl_drop_1", "watch_group", "value_los", "Did you mean value_loss?"),
    "one priority for two groups": Spoilt(
        "watch_priority", "no_overlap", "wp_unstable_1", "valid_from", "2000-01-01", "valid_to",
        change={("wp_unstable_1", "priority"): "1"}, dbt="watch_priorities_are_unique"),
    "a group without priority": Spoilt(
        "watch_priority", "same_days", "wp_off_net_1", "watch_group", "unstable",
        "Add a row for unstable", drop=["wp_unstable_1"]),
    "priority zero": row("watch_priority", "wp_off_net_1", "priority", "0"),
    "a higher level is easier": Spoilt(
        "warning_rule", "levels_rise", "bill_drop_2", "threshold_value", "0.20",
        "Raise it to at least 0.30", change={("bill_drop_2", "threshold_value"): "0.20"}),
    "two levels alike": Spoilt(
        "warning_rule", "levels_rise", "bill_drop_2",
        "threshold_value, floor_value, min_customer_grade", "0.30, 30, 2", "harder to reach",
        change={("bill_drop_2", "threshold_value"): "0.30"}),
    "a warning without threshold": Spoilt(
        "warning_rule", "each_row", "call_forward_3", "threshold_value, floor_value", ", 30",
        "Correct the value", change={("call_forward_3", "threshold_value"): ""}),
    "a fall in percent": row("warning_rule", "bill_drop_3", "threshold_value", "70"),
    "level four": row("warning_rule", "bill_drop_3", "warning_level", "4"),
    "an unknown warning": code(
        "warning_rule", "off_net_3", "warning_type", "offnet", "Did you mean off_net?"),
    "the wrong phase": row("warning_rule", "off_net_3", "phase", "during"),
    "two rules of a level": twice("warning_rule", "off_net_2"),
    "nobody is told at once": Spoilt(
        "warning_routing", "begins_at", "wr_sla_1_1_1", "after_min", "5", "Write 0 here",
        change={("wr_sla_1_1_1", "after_min"): "5"}, dbt="warning_routing_tells_at_once"),
    "steps without a first": Spoilt(
        "warning_routing", "begins_at", "wr_sla_1_2_1", "step_no", "2", "Write 1 here",
        drop=["wr_sla_1_1_1"], dbt="begins_at_warning_routing_step_no"),
    "a later step is sooner": Spoilt(
        "warning_routing", "ordered", "wr_customer_2_3_1", "after_min", "100",
        "Correct it here or in line", change={("wr_customer_2_3_1", "after_min"): "100"},
        dbt="ordered_warning_routing"),
    "it climbs down": Spoilt(
        "warning_routing", "ordered", "wr_customer_3_3_1", "recipient_rank", "2",
        "Correct it here or in line",
        change={("wr_customer_3_3_1", "recipient_rank"): "2",
                ("wr_customer_3_3_1", "recipient_role"): "area_manager"},
        dbt="warning_routing_climbs"),
    "urgent climbs later": Spoilt(
        "warning_routing", "ordered", "wr_channel_3_2_1", "after_min", "490",
        "Correct it here or in line",
        change={("wr_channel_3_2_1", "after_min"): "490",
                ("wr_channel_3_3_1", "after_min"): "495"},
        dbt="warning_routing_urgent_climbs_sooner"),
    "a level that goes nowhere": Spoilt(
        "warning_routing", "complete_for", "", "warning_level", "1", "Add its rows",
        drop=[f"wr_{family}_1_{step}_1" for family in ("customer", "channel", "sla")
              for step in (1, 2)]),
    "an unknown role": code(
        "warning_routing", "wr_sla_2_2_1", "recipient_role", "area_manger",
        "Did you mean area_manager?"),
    "the wrong rank": row("warning_routing", "wr_sla_2_2_1", "recipient_rank", "1"),
    "two steps in one": twice("warning_routing", "wr_sla_2_2_1"),
    # ---- value of group customers
    "two versions of a model": twice("value_model", "vm_rank_abc_1"),
    "months without the model": Spoilt(
        "value_model", "no_gap", "next", "valid_from", "2026-03-01",
        "Write 2026-01-01 as valid_from here",
        change={("vm_rank_abc_1", "valid_to"): "2026-01-01"},
        add=[("vm_rank_abc_1", {"rule_id": "next", "version": "2", "valid_from": "2026-03-01"})]),
    "an unknown method": code(
        "value_model", "vm_two_axis_1", "method", "two_axes", "Did you mean two_axis?"),
    "rank cut by score": row("value_model", "vm_rank_abc_1", "cut_off_type", "score"),
    "version zero": row("value_model", "vm_rank_abc_1", "version", "0"),
    "weights over one": Spoilt(
        "value_model_weight", "weights_sum", "vw_two_axis_revenue_1", "weight", "0.7000 + 0.4000",
        "lines 2, 3", change={("vw_two_axis_revenue_1", "weight"): "0.7000"}),
    "weights change apart": Spoilt(
        "value_model_weight", "weights_sum", "vw_two_axis_revenue_1", "weight", "0.6000 + 0.5000",
        "Change weight in one or more of the lines 2, 14",
        change={("vw_two_axis_new_business_1", "valid_to"): "2026-01-01"},
        add=[("vw_two_axis_new_business_1",
              {"rule_id": "second", "weight": "0.5000", "valid_from": "2026-01-01"})]),
    "social attribute below ability to pay": Spoilt(
        "value_model_weight", "outweighs", "vw_three_social_1", "weight", "0.2500",
        "Raise it above 0.3500",
        change={("vw_three_social_1", "weight"): "0.2500",
                ("vw_three_ability_1", "weight"): "0.3500"}),
    "social attribute like ability to pay": Spoilt(
        "value_model_weight", "outweighs", "vw_three_social_1", "weight", "0.3000",
        "Raise it above 0.3000",
        change={("vw_three_social_1", "weight"): "0.3000",
                ("vw_three_ability_1", "weight"): "0.3000"}),
    "weights of no model": Spoilt(
        "value_model_weight", "references", "extra", "model", "two_axes",
        "Did you mean two_axis?",
        add=[("vw_two_axis_revenue_1", {"rule_id": "extra", "model": "two_axes", "weight": "1"})]),
    "a model without weights": Spoilt(
        "value_model_weight", "complete_for", "", "model", "two_axis", "Add its rows",
        drop=["vw_two_axis_revenue_1", "vw_two_axis_new_business_1"]),
    "an unknown factor": code(
        "value_model_weight", "vw_rank_ict_1", "factor", "ict_lvl", "Did you mean ict_level?"),
    "a factor of another model": row(
        "value_model_weight", "vw_rank_ict_1", "factor", "contribution"),
    "a weight in percent": row("value_model_weight", "vw_rank_ict_1", "weight", "25"),
    "two weights of a factor": twice("value_model_weight", "vw_rank_ict_1"),
    "grades of no model": Spoilt(
        "value_model_cutoff", "references", "vc_rank_c_1", "model, cut_off_type", "rank_abcd, rank",
        "rank_abc/rank", change={("vc_rank_c_1", "model"): "rank_abcd"}),
    "a model without grades": Spoilt(
        "value_model_cutoff", "complete_for", "", "model, cut_off_type", "rank_abc, rank",
        "Add its rows", drop=["vc_rank_a_1", "vc_rank_b_1", "vc_rank_c_1"]),
    "proportions over one": Spoilt(
        "value_model_cutoff", "weights_sum", "vc_rank_a_1", "share", "0.2000 + 0.2000 + 0.7000",
        "Change share", change={("vc_rank_a_1", "share"): "0.2000"}),
    "nobody has the lowest grade": Spoilt(
        "value_model_cutoff", "begins_at", "vc_two_axis_c_1", "min_value", "0.1", "Write 0 here",
        change={("vc_two_axis_c_1", "min_value"): "0.1"}, dbt="begins_at_value_model_cutoff"),
    "a worse grade begins higher": Spoilt(
        "value_model_cutoff", "ordered", "vc_two_axis_a2_1", "min_value", "0.98",
        "Correct it here or in line 2", change={("vc_two_axis_a2_1", "min_value"): "0.98"},
        dbt="ordered_value_model_cutoff"),
    "a worse grade is important": Spoilt(
        "value_model_cutoff", "ordered", "vc_two_axis_c_1", "is_important", "true",
        "Correct it here or in line", change={("vc_two_axis_c_1", "is_important"): "true"},
        dbt="value_model_cutoff_important_first"),
    "no first grade": Spoilt(
        "value_model_cutoff", "begins_at", "vc_three_a1_1", "grade_rank", "0", "Write 1 here",
        change={("vc_three_a1_1", "grade_rank"): "0"}, dbt="value_model_cutoff_first_grade"),
    "an unknown grade": code("value_model_cutoff", "vc_three_a1_1", "grade", "A3", "A1"),
    "a score where a share belongs": row("value_model_cutoff", "vc_rank_a_1", "min_value", "90"),
    "a share where a score belongs": row("value_model_cutoff", "vc_three_a1_1", "share", "0.1"),
    "a quantile in percent": row("value_model_cutoff", "vc_three_a1_1", "min_value", "97"),
    "the wrong layer": row("value_model_cutoff", "vc_three_a1_1", "layer", "low"),
    "two rows of a grade": twice("value_model_cutoff", "vc_rank_a_1"),
    # ---- customer value
    "a factor's parts are not the whole": Spoilt(
        "value_model_component", "weights_sum", "vp_three_ability_to_pay_paid_on_time_rate_1",
        "weight", "0.4000 + 0.2500 + 0.3000 + 0.1500", "Change weight",
        change={("vp_three_ability_to_pay_credit_class_1", "weight"): "0.3000"}),
    "a factor made of nothing": Spoilt(
        "value_model_component", "complete_for", "", "model, factor", "rank_abc, influence",
        "Add its rows", drop=["vp_rank_influence_economic_influence_1"]),
    "a part of an unknown factor": Spoilt(
        "value_model_component", "references", "vp_rank_ict_level_1", "model, factor",
        "rank_abc, ict", "",
        change={("vp_rank_ict_level_1", "factor"): "ict"}),
    "an unknown component": code(
        "value_model_component", "vp_rank_employees_1", "component", "employes",
        "Did you mean employees?"),
    "a part looks back too far": Spoilt(
        "value_model_component", "within_reach", "vp_rank_employees_1", "window_months", "13",
        "Write 1 to 12", change={("vp_rank_employees_1", "window_months"): "13"}),
    "a part of a factor twice": twice("value_model_component", "vp_rank_employees_1"),
    "a linear scale without ends": Spoilt(
        "value_model_component", "each_row", "vp_rank_ict_level_1", "floor_value, cap_value",
        ", 5.0000", "Correct the value", change={("vp_rank_ict_level_1", "floor_value"): ""}),
    "a part in percent": row(
        "value_model_component", "vp_rank_employees_1", "weight", "30"),
    "a part of nowhere": source("value_model_component", "vp_rank_employees_1"),
    "a parameter of customer value missing": Spoilt(
        "customer_value_rule", "same_days", "cv_override_keep_months_1", "parameter",
        "pareto_share", "Add a row for pareto_share", drop=["cv_pareto_share_1"]),
    "the top fifth in percent": row("customer_value_rule", "cv_pareto_share_1", "value", "20"),
    "an override for two years": row(
        "customer_value_rule", "cv_override_keep_months_1", "value", "24"),
    "high from where middle begins": Spoilt(
        "customer_value_rule", "outweighs", "cv_box_high_score_1", "value", "33.3333",
        "Raise it above 33.3333", change={("cv_box_high_score_1", "value"): "33.3333"}),
    "a horizon as long as what is observed": Spoilt(
        "customer_value_rule", "outweighs", "cv_off_net_window_months_1", "value", "3.0000",
        "Raise it above 3.0000", change={("cv_off_net_window_months_1", "value"): "3.0000"},
        dbt="customer_value_rule_off_net_window_holds_the_horizon"),
    "two shares of the top": twice("customer_value_rule", "cv_pareto_share_1"),
    "a parameter of customer value of nowhere": source("customer_value_rule", "cv_pareto_share_1"),
    # ---- individual customers
    "a class twice on a day": twice("individual_class", "ic_senior_1"),
    "one precedence for two classes": Spoilt(
        "individual_class", "no_overlap", "ic_talker_1", "valid_from", "2000-01-01", "valid_to",
        change={("ic_surfer_1", "precedence"): "4"}),
    "no senior": Spoilt(
        "individual_class", "same_days", "ic_middle_aged_1", "class", "senior",
        "Add a row for senior", drop=["ic_senior_1"]),
    "a dimension that is none": code(
        "individual_class", "ic_senior_1", "dimension", "user_grp", "Did you mean user_group?"),
    "a class in another dimension": row(
        "individual_class", "ic_senior_1", "dimension", "life_style"),
    "the rest comes first": row("individual_class", "ic_mass_1", "precedence", "4"),
    "a rest with a threshold": row("individual_class", "ic_light_1", "min_value", "10"),
    "an age of nothing": row("individual_class", "ic_senior_1", "min_value", "0"),
    "roaming in per cent": row("individual_class", "ic_traveller_1", "min_value", "15"),
    "a class without precedence": empty("individual_class", "ic_senior_1", "precedence"),
    "a class of nowhere": source("individual_class", "ic_senior_1"),
    "two rows of a brand": twice("brand_fit", "bf_gotone_1"),
    "no row for a brand": Spoilt(
        "brand_fit", "same_days", "bf_gotone_1", "brand", "mzone", "Add a row for mzone",
        drop=["bf_mzone_1"]),
    "a brand for nobody's age": Spoilt(
        "brand_fit", "each_row", "bf_mzone_1", "min_age, max_age", "40, 28", "Correct the value",
        change={("bf_mzone_1", "min_age"): "40"}),
    "a brand for nobody's bill": Spoilt(
        "brand_fit", "each_row", "bf_gotone_1", "min_billed_amt, max_billed_amt", "100.00, 90.00",
        "Correct the value", change={("bf_gotone_1", "max_billed_amt"): "90.00"}),
    "a brand from no day": empty("brand_fit", "bf_gotone_1", "valid_from"),
    "a brand of nowhere": source("brand_fit", "bf_gotone_1"),
    "two rows of a card": twice("vip_rule", "vip_card_gold_1"),
    "a VIP for a reason that is none": code(
        "vip_rule", "vip_card_gold_1", "reason", "vip_cart", "Did you mean vip_card?"),
    "a card that leads a group": Spoilt(
        "vip_rule", "each_row", "vip_card_gold_1", "reason, qualifier", "group_leader, gold",
        "Correct the value", change={("vip_card_gold_1", "reason"): "group_leader"}),
    "a card with a bill": row("vip_rule", "vip_card_gold_1", "min_billed_amt", "10.00"),
    "everybody spends much": row("vip_rule", "vip_high_spend_1", "min_billed_amt", "0.00"),
    "a VIP of nowhere": source("vip_rule", "vip_high_spend_1"),
    "two rows of a basis": twice("territory_rule", "tr_assigned_1"),
    "no home cell": Spoilt(
        "territory_rule", "same_days", "tr_assigned_1", "basis", "home_cell",
        "Add a row for home_cell", drop=["tr_home_cell_1"]),
    "more nights than a month has": row("territory_rule", "tr_home_cell_1", "min_night_days", "32"),
    "an assignment by nights": row("territory_rule", "tr_assigned_1", "min_night_days", "5"),
    "an area of nowhere": source("territory_rule", "tr_home_cell_1"),
    "an assignment by sale": row("territory_rule", "tr_assigned_1", "max_sale_months", "6"),
    "a sale that tells longer than is looked back": Spoilt(
        "territory_rule", "within_reach", "tr_outlet_1", "max_sale_months", "5",
        "Write 1 to 4, or raise reach_months of int_subscriber_month__territory first",
        change={("tr_outlet_1", "max_sale_months"): "5"}),
    # ---- halls and dealers
    "hall proportions under one": Spoilt(
        "hall_grade", "weights_sum", "hg_a_1", "share", "0.2000 + 0.5000 + 0.2000", "lines 2, 3, 4",
        change={("hg_c_1", "share"): "0.2000"}),
    "no grade B": Spoilt(
        "hall_grade", "same_days", "hg_a_1", "grade", "B", "Add a row for B", drop=["hg_b_1"]),
    "a lower hall with more staff": Spoilt(
        "hall_grade", "ordered", "hg_b_1", "staff_standard_cnt", "20", "Correct it here",
        change={("hg_b_1", "staff_standard_cnt"): "20"}),
    "hall ranks mixed": row("hall_grade", "hg_b_1", "grade_rank", "3"),
    "two rows of a hall grade": twice("hall_grade", "hg_a_1"),
    "city and county over one": Spoilt(
        "score_share", "weights_sum", "ss_hall_city_1", "share", "0.8000 + 0.3000", "lines 2, 3",
        change={("ss_hall_county_1", "share"): "0.3000"}),
    "no county": Spoilt(
        "score_share", "same_days", "ss_hall_city_1", "entered_by", "county",
        "Add a row for county", drop=["ss_hall_county_1"]),
    "an unknown scope": code(
        "score_share", "ss_hall_city_1", "scope", "halls", "Did you mean hall?"),
    "the whole score": row("score_share", "ss_hall_city_1", "share", "1"),
    "two shares of the city": twice("score_share", "ss_hall_city_1"),
    "more core dealers than the city has": Spoilt(
        "core_list", "ordered", "cl_city_1", "list_size", "30", "line 2",
        change={("cl_city_1", "list_size"): "30"}),
    "ranking weights over one": Spoilt(
        "core_list", "each_row", "cl_city_1", "card_sales_weight, commission_weight",
        "0.7000, 0.4000", "Correct", change={("cl_city_1", "card_sales_weight"): "0.7000"}),
    "an unknown tie rule": code("core_list", "cl_city_1", "tie_rule", "include", "include_all"),
    "no list of the city": Spoilt(
        "core_list", "same_days", "cl_province_1", "core_level", "city", "Add a row for city",
        drop=["cl_city_1"]),
    "two lists of the city": twice("core_list", "cl_city_1"),
    "an empty list": row("core_list", "cl_province_1", "list_size", "0"),
    "a comparison lost": code("monitoring_scope", "ms_grassroots_1", "comparison", ">", "<=, >="),
    "no comparison": empty("monitoring_scope", "ms_grassroots_1", "comparison"),
    "a fee of nothing": row("monitoring_scope", "ms_grassroots_1", "threshold_value", "0"),
    "core by fee": row("monitoring_scope", "ms_core_1", "measure", "handling_fee_amt"),
    "nobody at the grassroots": Spoilt(
        "monitoring_scope", "same_days", "ms_core_1", "scope", "grassroots",
        "Add a row for grassroots", drop=["ms_grassroots_1"]),
    "two scopes": twice("monitoring_scope", "ms_core_1"),
    "a fund of everything": row("fund_rule", "fund_1", "contribution_share", "1"),
    "a fund in percent": row("fund_rule", "fund_1", "contribution_share", "10"),
    "no vesting": row("fund_rule", "fund_1", "vesting_months", "0"),
    "two funds": twice("fund_rule", "fund_1"),
    "months without a fund": Spoilt(
        "fund_rule", "no_gap", "next", "valid_from", "2026-03-01", "Write 2026-01-01",
        change={("fund_1", "valid_to"): "2026-01-01"},
        add=[("fund_1", {"rule_id": "next", "valid_from": "2026-03-01"})]),
    "a ladder that falls": Spoilt(
        "underwriting_ladder", "ordered", "ul_3_1", "reward_amt", "1.50", "Correct it here",
        change={("ul_3_1", "reward_amt"): "1.50"}, dbt="underwriting_ladder_pays_more"),
    "two steps at once": Spoilt(
        "underwriting_ladder", "ordered", "ul_3_1", "min_months_met", "3", "Correct it here",
        change={("ul_3_1", "min_months_met"): "3"}, dbt="ordered_underwriting_ladder"),
    "a ladder without a first step": Spoilt(
        "underwriting_ladder", "begins_at", "ul_2_1", "tier_no", "2", "Write 1 here",
        drop=["ul_1_1"]),
    "thirteen months": row("underwriting_ladder", "ul_5_1", "min_months_met", "13"),
    "two rows of a step": twice("underwriting_ladder", "ul_5_1"),
    # ---- service and offers
    "a better customer waits longer": Spoilt(
        "sla_limit", "ordered", "sla_any_agent_b_1", "limit_min", "30", "Correct it here",
        change={("sla_any_agent_b_1", "limit_min"): "30"}),
    "a grade without a limit": Spoilt(
        "sla_limit", "same_days", "sla_any_agent_a_1", "customer_grade", "c", "Add a row for c",
        drop=["sla_any_agent_c_1"]),
    "a grade that no customer has": Spoilt(
        "sla_limit", "same_days", "sla_any_agent_c_1", "customer_grade", "d", "Codes: a, b, c",
        change={("sla_any_agent_c_1", "customer_grade"): "d"}),
    "a warning after the limit": row("sla_limit", "sla_any_agent_a_1", "warn_ratio", "1.2"),
    "no time at all": row("sla_limit", "sla_any_agent_a_1", "limit_min", "0"),
    "an unknown calendar": code(
        "sla_limit", "sla_any_agent_a_1", "calendar", "bussiness", "Did you mean business?"),
    "two limits": twice("sla_limit", "sla_f26_test_engineer_a_1"),
    "a better tier gets less": Spoilt(
        "entitlement", "ordered", "en_vip_hotline_seat_silver_1", "service_level", "2",
        "Correct it here", change={("en_vip_hotline_seat_gold_1", "service_level"): "1"},
        dbt="ordered_entitlement"),
    "a better tier is seen less": Spoilt(
        "entitlement", "ordered", "en_care_message_standard_1", "contacts_per_quarter", "9",
        "Correct it here", change={("en_care_message_standard_1", "contacts_per_quarter"): "9"},
        dbt="entitlement_contacts_follow_the_tier"),
    "a tier that no grade has": Spoilt(
        "entitlement", "references", "en_care_message_gold_1", "service_tier", "golden",
        "Did you mean gold?", change={("en_care_message_gold_1", "service_tier"): "golden"}),
    "a tier without a service": Spoilt(
        "entitlement", "same_days", "en_care_message_platinum_1", "service_tier", "silver",
        "Add a row for silver", drop=["en_care_message_silver_1"]),
    "service level nine": row("entitlement", "en_named_manager_platinum_1", "service_level", "9"),
    "an unknown service": code(
        "entitlement", "en_named_manager_platinum_1", "service", "named_manger",
        "Did you mean named_manager?"),
    "two entitlements": twice("entitlement", "en_named_manager_gold_1"),
    "a class that is none": Spoilt(
        "product_eligibility", "references", "pe_voice_addon_v_1", "vad_class", "W", "NVAD",
        change={("pe_voice_addon_v_1", "vad_class"): "W"}),
    "a class without an answer": Spoilt(
        "product_eligibility", "same_days", "pe_voice_addon_vad_1", "vad_class", "V",
        "Add a row for V", drop=["pe_voice_addon_v_1"]),
    "an unknown condition": code(
        "product_eligibility", "pe_voice_addon_v_1", "condition", "low_stabilty",
        "Did you mean low_stability?"),
    "a sub-type in the wrong family": row(
        "product_eligibility", "pe_voice_addon_v_1", "product_family", "traffic"),
    "two answers for a class": twice("product_eligibility", "pe_voice_addon_v_1"),
    # ---- warnings about group customers
    "a fourth level": row("value_warning_rule", "revenue_fall_3", "warning_level", "4"),
    "a fall of any size": row("value_warning_rule", "revenue_fall_1", "threshold_value", ""),
    "a reason that is none": code(
        "value_warning_rule", "revenue_fall_1", "reason", "revenue_falls",
        "Did you mean revenue_fall?"),
    "a level of a reason twice": twice("value_warning_rule", "revenue_fall_2"),
    "evidence of more than a year ago": row(
        "value_fall_driver_rule", "fall_complaints_1", "window_months", "13"),
    "a fall in per cent": row(
        "value_fall_driver_rule", "fall_unknown_1", "min_fall_share", "35.0000"),
    "evidence without a threshold": row(
        "value_fall_driver_rule", "fall_complaints_1", "threshold_value", ""),
    "unknown, though something shows": row(
        "value_fall_driver_rule", "fall_complaints_1", "driver", "unknown"),
    "a driver that is none": code(
        "value_fall_driver_rule", "fall_complaints_1", "driver", "services",
        "Did you mean service?"),
    "sure evidence needs a larger fall": Spoilt(
        "value_fall_driver_rule", "ordered", "fall_to_competitor_1", "min_fall_share", "0.0500",
        "Correct it here or in line",
        change={("fall_to_competitor_1", "min_fall_share"): "0.0500"}),
    "two drivers for one piece of evidence": twice("value_fall_driver_rule", "fall_complaints_1"),
    # ---- how deep group customers are bound
    "a depth beyond the third": row("binding_depth_rule", "bd_depth_3_1", "points", "4"),
    "bound lines in per cent": row("binding_depth_rule", "bd_lines_2_1", "floor_value", "60.0000"),
    "points below none": row("binding_depth_rule", "bd_left_0_1", "points", "-1"),
    "two bands of the same points": twice("binding_depth_rule", "bd_left_1_1"),
    "a measure without its first band": Spoilt(
        "binding_depth_rule", "begins_at", "bd_integration_0_1", "floor_value", "0.5000",
        "Write 0 here", change={("bd_integration_0_1", "floor_value"): "0.5000"}),
    "deeper bound, fewer points": Spoilt(
        "binding_depth_rule", "ordered", "bd_left_2_1", "points", "0",
        "Correct it here or in line", change={("bd_left_2_1", "points"): "0"}),
    "a measure that is not looked at": Spoilt(
        "binding_depth_rule", "same_days", "bd_integration_0_1", "measure", "integration",
        "Codes: bound_line_share", change={
            ("bd_integration_0_1", "measure"): "integration"}),
    # ---- what group customers are offered next
    "an offer's weight in per cent": row("next_offer_weight", "nw_peers_1", "weight", "20.0000"),
    "a weight of nothing": row("next_offer_weight", "nw_peers_1", "weight", "0.0000"),
    "an offer's weights beyond the whole": Spoilt(
        "next_offer_weight", "weights_sum", "nw_own_need_1", "weight",
        "0.5000 + 0.3000 + 0.3000", "Change weight",
        change={("nw_peers_1", "weight"): "0.3000"}),
    "two weights of what speaks for an offer": twice("next_offer_weight", "nw_peers_1"),
    "an offer without its peers": Spoilt(
        "next_offer_weight", "same_days", "nw_peers_1", "factor", "peer", "Codes: own_need",
        change={("nw_peers_1", "factor"): "peer"}),
    "a product answers the same need twice": twice("next_offer_need", "nn_vpmn_tariff_1"),
    "a class without a need": empty("next_offer_need", "nn_vpmn_tariff_1", "need_type"),
    "a class of no product": code(
        "next_offer_need", "nn_vpmn_tariff_1", "product_class", "vpnm", "Did you mean vpmn?"),
    "a need nobody tells": code(
        "next_offer_need", "nn_vpmn_tariff_1", "need_type", "tarif", "Did you mean tariff?"),
    # ---- which group customers may leave
    "a churn model of version zero": row("churn_model", "cm_group_1", "version", "0"),
    "two churn models at a time": twice("churn_model", "cm_group_1"),
    "a factor without points": row(
        "churn_model_factor", "cf_arrears_1", "max_points", "0.0000"),
    "a factor with one end": row(
        "churn_model_factor", "cf_arrears_1", "full_value", "30.0000"),
    "complaints of two years": Spoilt(
        "churn_model_factor", "within_reach", "cf_complaints_1", "window_months", "24",
        "Write 1 to 12", change={("cf_complaints_1", "window_months"): "24"}),
    "a state over three months": Spoilt(
        "churn_model_factor", "each_row", "cf_key_person_change_1", "factor, window_months",
        "key_person_change, 3", "Correct the value",
        change={("cf_key_person_change_1", "window_months"): "3"}),
    "a churn model without factors": Spoilt(
        "churn_model_factor", "complete_for", "", "model", "group_churn", "Add its rows",
        change={(f"cf_{factor}_1", "model"): "other" for factor in (
            "usage_fall", "products_given_up", "arrears", "key_person_change", "members_lost",
            "competitor_share", "complaints", "loose_binding", "contract_ending")}),
    "a factor nobody measures": code(
        "churn_model_factor", "cf_arrears_1", "factor", "arears", "Did you mean arrears?"),
    "a factor of no model": Spoilt(
        "churn_model_factor", "references", "cf_arrears_1", "model", "group_chrn",
        "Did you mean group_churn?", change={("cf_arrears_1", "model"): "group_chrn"}),
    "a factor twice": twice("churn_model_factor", "cf_arrears_1"),
    "a score beyond the full": row("churn_model_level", "cl_high_1", "min_score", "101.0000"),
    "high from nothing on": row("churn_model_level", "cl_high_1", "min_score", "0.0000"),
    "low from one on": Spoilt(
        "churn_model_level", "begins_at", "cl_low_1", "min_score", "1.0000",
        "Write 0 here", change={("cl_low_1", "min_score"): "1.0000"}),
    "levels of no model": Spoilt(
        "churn_model_level", "references", "cl_high_1", "model", "group_chrn",
        "Did you mean group_churn?", change={("cl_high_1", "model"): "group_chrn"}),
    "a model without a level": Spoilt(
        "churn_model_level", "same_days", "cl_low_1", "risk_level", "middle",
        "Add a row for middle", drop=["cl_middle_1"]),
    "a model without levels": Spoilt(
        "churn_model_level", "complete_for", "", "model", "group_churn", "Add its rows",
        change={(f"cl_{level}_1", "model"): "other" for level in ("low", "middle", "high")}),
    "a level twice": twice("churn_model_level", "cl_high_1"),
    # ---- codes
    "a class twice": Spoilt(
        "vad_class", "unique_combination", "VD", "is_high_voice, is_high_data, is_high_vas",
        "true, true, true", "Delete one", change={("VD", "is_high_vas"): "true"}),
}  # fmt: skip
