"""What each metric of the marts of customer value adds up, said once more and apart from the YAML.

A metric is a sum over rows of the recomputed marts, or the quotient of two such metrics.
"""

from __future__ import annotations

import polars as pl

GROUP_MONTH = "mart_customer_value__group_month"
GRADE_MONTH = "mart_customer_value__grade_month"
WARNING = "mart_customer_value__warning"
MODEL_PAIR = "mart_customer_value__model_pair"
OPERATOR_MONTH = "mart_customer_value__operator_month"
OPERATOR_AREA = "mart_customer_value__operator_area"
OFFER_MONTH = "mart_customer_value__offer_month"
APPLICATION_MONTH = "mart_customer_value__application_month"
SEGMENT_MONTH = "mart_individual_value__segment_month"
VIP_MONTH = "mart_individual_value__vip_month"
AREA_MONTH = "mart_individual_value__area_month"
#: the tree of management; an account manager's customers are in one area, but not all of an area's
LEVELS = ("province_id", "city_id", "county_id", "area_id", "account_manager_id")
ACTIVE = pl.col("is_active")


def amount(column: str, condition: pl.Expr | None = None) -> pl.Expr:
    """Yuan of a column in hundredths, of all rows or of some."""
    value = pl.col(column) if condition is None else pl.col(column).filter(condition)
    return value.sum() / 100


def rows(condition: pl.Expr) -> pl.Expr:
    """How many rows there are of which it holds; of nothing known it does not."""
    return condition.fill_null(False).sum().cast(pl.Int64)


def of(column: str) -> pl.Expr:
    """A count added up."""
    return pl.col(column).sum()


def became(*transitions: str) -> pl.Expr:
    """Rows whose grade took one of these turns."""
    return rows(pl.col("transition").is_in(transitions))


HIGH = pl.col("layer") == "high"
BANDS = ("high", "middle", "low")
ALLIED = pl.col("alliance_stage").is_in(["consultative", "joint_project", "equity"])
STEPS = ("identify", "build", "maintain", "expand", "follow_up", "none")
NEEDS = ("tariff", "one_stop", "solution")
CHANNELS = ("visit", "manager", "agent", "portal", "hotline", "hall", "liaison")
FOLLOWED = ("followed", "taken", "lot")
KINDS = ("communication", "industry_application", "service_support")
#: what members do on electronic channels and by self-service
SELF_SERVICE = (
    "echannel_member_cnt", "self_service_member_cnt", "echannel_transaction_cnt",
    "self_service_transaction_cnt", "self_service_payment_cnt", "business_contact_cnt",
    "self_service_contact_cnt",
)  # fmt: skip
GROUP_SUMS: dict[str, pl.Expr] = {
    "group_cnt": rows(ACTIVE),
    "target_market_cnt": rows(pl.col("is_target_market")),
    "target_market_kept_cnt": rows(ACTIVE & pl.col("is_target_market")),
    "group_revenue_amt": amount("revenue_amt"),
    "group_ict_amt": amount("ict_amt"),
    "group_new_business_amt": amount("new_business_amt"),
    "group_voice_amt": amount("voice_amt"),
    "group_data_amt": amount("data_amt"),
    "group_stock_amt": amount("stock_revenue_amt"),
    "group_increment_amt": amount("increment_revenue_amt"),
    "group_output_amt": amount("output_amt"),
    "group_input_amt": amount("input_amt"),
    "group_active_input_amt": amount("input_amt", ACTIVE),
    "group_pareto_top_amt": amount("revenue_amt", pl.col("is_pareto_top")),
    "group_member_cnt": of("member_cnt"),
    "group_own_member_cnt": of("own_member_cnt"),
    "group_own_verified_cnt": pl.col("own_verified_member_cnt").filter(ACTIVE).sum(),
    "group_employees_cnt": pl.col("employees_cnt").filter(ACTIVE).sum(),
    "group_outstanding_amt": amount("outstanding_amt"),
    "group_overdue_amt": amount("overdue_amt"),
    "group_year_ago_amt": amount("year_ago_revenue_amt"),
    "group_year_ago_change_amt": amount("year_ago_change_amt"),
    "group_aligned_amt": amount("year_ago_aligned_revenue_amt"),
    "group_aligned_change_amt": amount("year_ago_aligned_change_amt"),
    "group_previous_amt": amount("previous_revenue_amt"),
    "group_previous_change_amt": amount("previous_change_amt"),
    "group_growth_slope_amt": amount("two_months_change_amt") / 2,
    "group_contract_bound_amt": amount("contract_bound_amt"),
    "potential_high_value_cnt": rows(pl.col("is_potential_high_value")),
    "complete_key_person_cnt": rows(ACTIVE & pl.col("has_all_key_persons")),
    "competitor_bound_cnt": rows(ACTIVE & (pl.col("competitor_tie_cnt") > 0)),
    "group_visit_cnt": of("visit_cnt"),
    "group_event_cnt": of("event_cnt"),
    "met_decision_maker_cnt": rows(ACTIVE & (pl.col("decision_maker_visit_cnt") > 0)),
    "key_person_benefit_amt": amount("person_benefit_amt"),
    "benefit_exception_cnt": of("benefit_exception_cnt"),
    "liaison_lead_cnt": of("lead_cnt"),
    "liaison_converted_cnt": of("converted_lead_cnt"),
    "liaison_reward_amt": amount("liaison_reward_amt"),
    "trial_ended_cnt": of("trial_ended_cnt"),
    "trial_converted_cnt": of("trial_converted_cnt"),
    "alliance_group_cnt": rows(ACTIVE & ALLIED),
    "alliance_revenue_amt": amount("revenue_amt", ALLIED),
    "alliance_investment_amt": amount("joint_investment_amt"),
    **{f"group_{name}": of(name) for name in SELF_SERVICE},
    "alliance_project_cnt": of("alliance_project_cnt"),
    "alliance_overdue_cnt": of("alliance_overdue_cnt"),
    "alliance_project_own_amt": amount("alliance_own_amt"),
    "alliance_project_partner_amt": amount("alliance_partner_amt"),
    "off_net_known_cnt": rows(pl.col("off_net_probability").is_not_null()),
    "off_net_expected_cnt": of("off_net_probability"),
    "churn_high_cnt": rows(pl.col("churn_risk") == "high"),
    "churn_middle_cnt": rows(pl.col("churn_risk") == "middle"),
    "churn_high_amt": amount("revenue_amt", pl.col("churn_risk") == "high"),
    "planned_person_cnt": (
        pl.sum_horizontal(f"step_{step}_cnt" for step in STEPS).filter(ACTIVE).sum()
    ),
    **{f"step_{step}_cnt": pl.col(f"step_{step}_cnt").filter(ACTIVE).sum() for step in STEPS},
    "need_cnt": of("need_cnt"),
    **{f"need_{channel}_cnt": of(f"need_{channel}_cnt") for channel in CHANNELS},
    **{f"need_{kind}_cnt": of(f"need_{kind}_cnt") for kind in NEEDS},
    **{
        f"unmet_{kind}_cnt": pl.col(f"unmet_{kind}_cnt").filter(ACTIVE).sum()
        for kind in ("need", *NEEDS)
    },
    "next_offer_cnt": rows(pl.col("next_offer_product_id").is_not_null()),
    **{f"next_offer_{name}_cnt": of(f"next_offer_{name}_cnt") for name in FOLLOWED},
    "group_kind_cnt": pl.col("business_kind_cnt").filter(ACTIVE).sum(),
    "group_product_cnt": pl.col("product_cnt").filter(ACTIVE).sum(),
    **{
        f"group_{kind}_product_cnt": pl.col(f"{kind}_product_cnt").filter(ACTIVE).sum()
        for kind in KINDS
    },
    **{
        f"group_{kind}_user_cnt": rows(ACTIVE & (pl.col(f"{kind}_product_cnt") > 0))
        for kind in KINDS
    },
    "tier_chosen_cnt": rows(ACTIVE & pl.col("chosen_tier_name").is_not_null()),
    "tier_above_cnt": rows(ACTIVE & (pl.col("tier_gap") > 0)),
    "tier_below_cnt": rows(ACTIVE & (pl.col("tier_gap") < 0)),
    "group_bad_debt_amt": amount("bad_debt_amt"),
    "group_paid_amt": amount("paid_amt"),
    "group_paid_on_time_amt": amount("paid_on_time_amt"),
}
#: sums of numbers with more than two decimals, and how many they have
PLACES = {"off_net_expected_cnt": 8, "next_offer_lot_cnt": 8, "group_growth_slope_amt": 3}
GRADE_SUMS: dict[str, pl.Expr] = {
    "graded_cnt": rows(pl.col("is_graded")),
    "high_grade_cnt": rows(HIGH),
    **{f"box_revenue_{band}_cnt": rows(pl.col("revenue_band") == band) for band in BANDS},
    "important_cnt": rows(pl.col("is_important")),
    "graded_revenue_amt": amount("revenue_amt"),
    "high_grade_revenue_amt": amount("revenue_amt", HIGH),
    "grade_up_cnt": became("up"),
    "grade_down_cnt": became("down"),
    "grade_lost_cnt": became("lost"),
    "grade_transition_cnt": became("up", "down", "same", "new", "lost"),
    "grade_compared_cnt": became("up", "down", "same"),
    "grade_moved_cnt": became("up", "down"),
    "graded_reward_amt": amount("reward_amt"),
    "graded_output_amt": amount("output_amt"),
}
VERDICT = pl.col("verdict")
PAIR_SUMS: dict[str, pl.Expr] = {
    "pair_cnt": pl.len().cast(pl.Int64),
    "pair_agreed_cnt": rows(VERDICT == "same"),
    "pair_higher_cnt": rows(VERDICT == "higher"),
    "pair_lower_cnt": rows(VERDICT == "lower"),
    "pair_revenue_amt": amount("revenue_amt"),
    "pair_disputed_amt": amount("revenue_amt", VERDICT != "same"),
}
REASON = pl.col("reason")
WARNING_SUMS: dict[str, pl.Expr] = {
    "value_warning_cnt": pl.len().cast(pl.Int64),
    "value_warned_group_cnt": pl.col("group_id").n_unique().cast(pl.Int64),
    "value_urgent_cnt": rows(pl.col("warning_level") == 3),
    "grade_warning_cnt": rows(REASON.is_in(["grade_drop", "about_to_drop"])),
    "win_over_chance_cnt": rows(REASON == "competitor_expiry"),
    "falling_group_cnt": rows(REASON == "revenue_fall"),
    "falling_lost_amt": amount("fall_amt"),
    "falling_revenue_amt": amount("revenue_amt", REASON == "revenue_fall"),
}
OPERATORS = ("own", "op_b", "op_c")


def its(operator: str) -> pl.Expr:
    """Whether a row is of this operator."""
    return pl.col("operator") == operator


OPERATOR_SUMS: dict[str, pl.Expr] = {
    "operator_customer_cnt": of("customer_cnt"),
    **{f"operator_{kind}_cnt": of(f"{kind}_customer_cnt") for kind in KINDS},
    "operator_full_service_cnt": of("full_service_customer_cnt"),
    "operator_only_cnt": of("only_customer_cnt"),
    "operator_line_cnt": of("line_cnt"),
    "operator_spend_amt": amount("spend_amt"),
    "operator_market_customer_cnt": of("market_customer_cnt"),
    "operator_market_spend_amt": amount("market_spend_amt"),
    # of the three rows that say it one is enough
    "market_customer_cnt": pl.col("market_customer_cnt").filter(its("op_c")).sum(),
    **{f"operator_{kind}_amt": amount(f"{kind}_amt") for kind in KINDS},
    **{
        f"market_{one}_customer_cnt": pl.col("customer_cnt").filter(its(one)).sum()
        for one in OPERATORS
    },
    **{f"market_{one}_spend_amt": amount("spend_amt", its(one)) for one in OPERATORS},
    "market_own_full_service_cnt": pl.col("full_service_customer_cnt").filter(its("own")).sum(),
}
RIVALS = ("op_b", "op_c")
AREA_SUMS: dict[str, pl.Expr] = {
    f"{name}_{one}_{unit}": value.filter(its(one)).sum()
    for one in OPERATORS
    for name, unit, value in (
        ("outlet", "cnt", pl.col("outlet_cnt")),
        ("service", "visit_cnt", pl.col("visit_cnt")),
        ("service", "score_sum", pl.col("service_score_sum") / 100),
    )
} | {
    f"service_{one}_{name}": value.filter(its(one)).sum()
    for one in RIVALS
    for name, value in (
        ("compared_cnt", pl.col("compared_visit_cnt")),
        ("gap_sum", pl.col("score_gap_sum") / 100),
    )
}
OFFER_SUMS: dict[str, pl.Expr] = {
    "offer_place_cnt": pl.len().cast(pl.Int64),
    "offer_fee_sum_amt": amount("monthly_fee_amt"),
    "offer_own_fee_sum_amt": amount("own_monthly_fee_amt"),
    "offer_fee_gap_sum_amt": amount("own_monthly_fee_amt") - amount("monthly_fee_amt"),
    "offer_quality_sum": amount("quality_score"),
    "offer_own_quality_sum": amount("own_quality_score"),
    "offer_quality_gap_sum": amount("own_quality_score") - amount("quality_score"),
    "offer_customer_cnt": of("customer_cnt"),
    "offer_at_stake_amt": amount("at_stake_amt"),
}
APPLICATION_SUMS: dict[str, pl.Expr] = {
    "application_market_cnt": of("industry_customer_cnt"),
    "application_user_cnt": of("using_customer_cnt"),
    "application_other_user_cnt": of("other_using_customer_cnt"),
    "application_line_cnt": of("line_cnt"),
    "application_fee_amt": amount("monthly_fee_amt"),
}
#: numerator and denominator of each quotient
GROUP_RATIOS = {
    "target_market_retention_rate": ("target_market_kept_cnt", "target_market_cnt"),
    "group_new_business_share": ("group_new_business_amt", "group_revenue_amt"),
    "group_voice_share": ("group_voice_amt", "group_revenue_amt"),
    "group_data_share": ("group_data_amt", "group_revenue_amt"),
    "group_output_input_ratio": ("group_output_amt", "group_input_amt"),
    "group_pareto_top_share": ("group_pareto_top_amt", "group_revenue_amt"),
    "group_purity": ("group_own_member_cnt", "group_member_cnt"),
    "group_penetration": ("group_own_verified_cnt", "group_employees_cnt"),
    "group_arrears_rate": ("group_overdue_amt", "group_outstanding_amt"),
    "group_growth_rate": ("group_year_ago_change_amt", "group_year_ago_amt"),
    "group_aligned_growth_rate": ("group_aligned_change_amt", "group_aligned_amt"),
    "group_monthly_growth_rate": ("group_previous_change_amt", "group_previous_amt"),
    "group_contract_bound_share": ("group_contract_bound_amt", "group_revenue_amt"),
    "complete_key_person_rate": ("complete_key_person_cnt", "group_cnt"),
    "competitor_bound_rate": ("competitor_bound_cnt", "group_cnt"),
    "decision_maker_visit_rate": ("met_decision_maker_cnt", "group_cnt"),
    "liaison_conversion_rate": ("liaison_converted_cnt", "liaison_lead_cnt"),
    "trial_conversion_rate": ("trial_converted_cnt", "trial_ended_cnt"),
    "group_echannel_rate": ("group_echannel_member_cnt", "group_own_member_cnt"),
    "group_self_service_rate": ("group_self_service_member_cnt", "group_own_member_cnt"),
    "group_self_service_transaction_share": (
        "group_self_service_transaction_cnt",
        "group_echannel_transaction_cnt",
    ),
    "group_self_service_contact_share": (
        "group_self_service_contact_cnt",
        "group_business_contact_cnt",
    ),
    "alliance_group_rate": ("alliance_group_cnt", "group_cnt"),
    "alliance_revenue_share": ("alliance_revenue_amt", "group_revenue_amt"),
    "off_net_rate": ("off_net_expected_cnt", "off_net_known_cnt"),
    "churn_high_rate": ("churn_high_cnt", "group_cnt"),
    **{f"step_{step}_rate": (f"step_{step}_cnt", "planned_person_cnt") for step in STEPS},
    **{f"need_{kind}_share": (f"need_{kind}_cnt", "need_cnt") for kind in NEEDS},
    **{
        f"next_offer_{name}_rate": (f"next_offer_{name}_cnt", "next_offer_followed_cnt")
        for name in ("taken", "lot")
    },
    "group_kinds_per_customer": ("group_kind_cnt", "group_cnt"),
    "group_products_per_customer": ("group_product_cnt", "group_cnt"),
    **{
        f"group_{kind}_products_per_customer": (f"group_{kind}_product_cnt", "group_cnt")
        for kind in KINDS
    },
    **{f"group_{kind}_user_rate": (f"group_{kind}_user_cnt", "group_cnt") for kind in KINDS},
    "tier_chosen_rate": ("tier_chosen_cnt", "group_cnt"),
    "group_input_per_customer": ("group_active_input_amt", "group_cnt"),
    "group_bad_debt_rate": ("group_bad_debt_amt", "group_outstanding_amt"),
    "group_paid_on_time_rate": ("group_paid_on_time_amt", "group_paid_amt"),
}
GRADE_RATIOS = {
    "high_grade_revenue_share": ("high_grade_revenue_amt", "graded_revenue_amt"),
    "grade_migration_rate": ("grade_moved_cnt", "grade_compared_cnt"),
    "grade_down_rate": ("grade_down_cnt", "grade_compared_cnt"),
    "reward_rate": ("graded_reward_amt", "graded_output_amt"),
}
PAIR_RATIOS = {
    "pair_agreed_rate": ("pair_agreed_cnt", "pair_cnt"),
    "pair_disputed_share": ("pair_disputed_amt", "pair_revenue_amt"),
}
OPERATOR_RATIOS = {
    "operator_customer_share": ("operator_customer_cnt", "operator_market_customer_cnt"),
    "operator_spend_share": ("operator_spend_amt", "operator_market_spend_amt"),
    "operator_full_service_rate": ("operator_full_service_cnt", "operator_customer_cnt"),
    "operator_only_rate": ("operator_only_cnt", "operator_customer_cnt"),
    **{f"operator_{kind}_share": (f"operator_{kind}_amt", "operator_spend_amt") for kind in KINDS},
    **{
        f"market_{one}_customer_share": (f"market_{one}_customer_cnt", "market_customer_cnt")
        for one in OPERATORS
    },
    **{
        f"market_{one}_spend_share": (f"market_{one}_spend_amt", "operator_spend_amt")
        for one in OPERATORS
    },
    "market_own_full_service_rate": ("market_own_full_service_cnt", "market_own_customer_cnt"),
}
AREA_RATIOS = {
    **{
        f"service_{one}_score": (f"service_{one}_score_sum", f"service_{one}_visit_cnt")
        for one in OPERATORS
    },
    **{
        f"service_{one}_gap": (f"service_{one}_gap_sum", f"service_{one}_compared_cnt")
        for one in RIVALS
    },
}
OFFER_RATIOS = {
    "offer_fee": ("offer_fee_sum_amt", "offer_place_cnt"),
    "offer_own_fee": ("offer_own_fee_sum_amt", "offer_place_cnt"),
    "offer_fee_gap_rate": ("offer_fee_gap_sum_amt", "offer_own_fee_sum_amt"),
    "offer_quality_score": ("offer_quality_sum", "offer_place_cnt"),
    "offer_own_quality_score": ("offer_own_quality_sum", "offer_place_cnt"),
    "offer_quality_gap": ("offer_quality_gap_sum", "offer_place_cnt"),
}
#: subscribers, money, minutes and megabytes of everybody, of members of groups, of individuals
PARTS = {
    "revenue_amt": "billed_amt",
    "voice_min": "voice_min",
    "data_mb": "data_mb",
}
TYPES = {
    "people": pl.lit(True),
    "member": pl.col("customer_type") == "group_member",
    "individual": pl.col("customer_type") == "individual",
}
SUBSCRIBERS = {"people": "people_cnt", "member": "member_line_cnt",
               "individual": "individual_line_cnt"}  # fmt: skip
FIT = pl.col("brand_fit")


def subscribers(condition: pl.Expr) -> pl.Expr:
    """Subscribers on net of some rows."""
    return pl.col("subscriber_cnt").filter(condition).sum()


SEGMENT_SUMS: dict[str, pl.Expr] = {
    "people_offered_cnt": of("offered_cnt"),
    "people_accepted_cnt": of("accepted_cnt"),
    **{SUBSCRIBERS[who]: subscribers(rows_of) for who, rows_of in TYPES.items()},
    **{
        f"{who}_{name}": amount(column, rows_of)
        for who, rows_of in TYPES.items()
        for name, column in PARTS.items()
    },
    "people_high_value_cnt": subscribers(pl.col("value_band") == "high_value"),
    "brand_judged_cnt": subscribers(FIT != "unknown"),
    "brand_mismatch_cnt": subscribers(~FIT.is_in(["fits", "unknown"])),
    "brand_upgrade_cnt": subscribers(FIT == "spends_more"),
}
#: numerator and denominator of each quotient
SEGMENT_RATIOS = {
    "people_uptake_rate": ("people_accepted_cnt", "people_offered_cnt"),
    **{
        f"{who}_{name}": (f"{who}_{part}", SUBSCRIBERS[who])
        for who in TYPES
        for name, part in (("arpu", "revenue_amt"), ("mou", "voice_min"), ("dou", "data_mb"))
    },
    **{
        f"member_{name}_ratio": (f"member_{name}", f"individual_{name}")
        for name in ("arpu", "mou", "dou")
    },
    "people_high_value_share": ("people_high_value_cnt", "people_cnt"),
    "brand_mismatch_rate": ("brand_mismatch_cnt", "brand_judged_cnt"),
}
VIP_FACTS = ("birth_year", "birthday", "occupation", "industry", "interests")
VIP_SUMS: dict[str, pl.Expr] = {
    "vip_cnt": pl.len().cast(pl.Int64),
    "vip_card_cnt": rows(pl.col("is_vip_card")),
    "vip_leader_cnt": rows(pl.col("is_group_leader")),
    "vip_high_spend_cnt": rows(pl.col("is_high_spend")),
    "vip_managed_cnt": rows(pl.col("account_manager_id") != "-"),
    "vip_revenue_amt": amount("billed_amt"),
    "vip_birthday_cnt": rows(pl.col("is_birthday_due")),
    "vip_profile_known_cnt": of("profile_known_cnt"),
    "vip_profile_item_cnt": of("profile_item_cnt"),
    **{f"vip_{fact}_known_cnt": rows(pl.col(f"has_{fact}")) for fact in VIP_FACTS},
}
VIP_RATIOS = {
    "vip_managed_rate": ("vip_managed_cnt", "vip_cnt"),
    "vip_arpu": ("vip_revenue_amt", "vip_cnt"),
    "vip_profile_rate": ("vip_profile_known_cnt", "vip_profile_item_cnt"),
    **{f"vip_{fact}_rate": (f"vip_{fact}_known_cnt", "vip_cnt") for fact in VIP_FACTS},
}
TERRITORY_SUMS: dict[str, pl.Expr] = {
    "area_subscriber_cnt": of("subscriber_cnt"),
    "area_home_known_cnt": of("home_known_cnt"),
    "area_elsewhere_cnt": of("living_elsewhere_cnt"),
    "area_guest_cnt": of("living_here_cnt"),
    "area_population_cnt": of("population_cnt"),
    "area_own_line_cnt": of("own_line_cnt"),
    "area_market_line_cnt": of("market_line_cnt"),
    "area_potential_cnt": of("population_cnt") - of("own_line_cnt"),
}
TERRITORY_RATIOS = {
    "area_elsewhere_rate": ("area_elsewhere_cnt", "area_home_known_cnt"),
    "area_penetration_rate": ("area_own_line_cnt", "area_population_cnt"),
    "area_market_share": ("area_own_line_cnt", "area_market_line_cnt"),
}
SUMS = {
    GROUP_MONTH: GROUP_SUMS,
    GRADE_MONTH: GRADE_SUMS,
    MODEL_PAIR: PAIR_SUMS,
    WARNING: WARNING_SUMS,
    OPERATOR_MONTH: OPERATOR_SUMS,
    OPERATOR_AREA: AREA_SUMS,
    OFFER_MONTH: OFFER_SUMS,
    APPLICATION_MONTH: APPLICATION_SUMS,
    SEGMENT_MONTH: SEGMENT_SUMS,
    VIP_MONTH: VIP_SUMS,
    AREA_MONTH: TERRITORY_SUMS,
}
MARTS = tuple(SUMS)
RATIOS: dict[str, dict[str, tuple[str, str]]] = {
    GROUP_MONTH: GROUP_RATIOS,
    GRADE_MONTH: GRADE_RATIOS,
    MODEL_PAIR: PAIR_RATIOS,
    WARNING: {},
    OPERATOR_MONTH: OPERATOR_RATIOS,
    OPERATOR_AREA: AREA_RATIOS,
    OFFER_MONTH: OFFER_RATIOS,
    APPLICATION_MONTH: {
        "application_penetration": ("application_user_cnt", "application_market_cnt")
    },
    SEGMENT_MONTH: SEGMENT_RATIOS,
    VIP_MONTH: VIP_RATIOS,
    AREA_MONTH: TERRITORY_RATIOS,
}


def keys(mart: str) -> list[str]:
    """What a metric of the mart is never added over."""
    models = {GRADE_MONTH: ["model"], MODEL_PAIR: ["model", "other_model"]}
    return ["stat_month", *models.get(mart, [])]


def recomputed(mart: str, frame: pl.DataFrame, level: str) -> pl.DataFrame:
    """Every metric by unit of a level; a quotient by 0 is empty."""
    sums = frame.group_by(*keys(mart), level).agg(
        value.alias(name) for name, value in SUMS[mart].items()
    )
    # one after the other: a quotient may be made of two before it
    for name, (top, bottom) in RATIOS[mart].items():
        value = pl.when(pl.col(bottom) != 0).then(pl.col(top) / pl.col(bottom))
        sums = sums.with_columns(value.alias(name))
    return sums
