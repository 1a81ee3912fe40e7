"""What each metric of the customer-value marts adds up, said once more and apart from the YAML.

A metric is a sum over rows of the recomputed marts, or the quotient of two such metrics.
"""

from __future__ import annotations

import polars as pl

GROUP_MONTH = "mart_customer_value__group_month"
GRADE_MONTH = "mart_customer_value__grade_month"
WARNING = "mart_customer_value__warning"
SEGMENT_MONTH = "mart_customer_value__segment_month"
VIP_MONTH = "mart_customer_value__vip_month"
AREA_MONTH = "mart_customer_value__area_month"
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
}
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
    "grade_compared_cnt": became("up", "down", "same"),
    "grade_moved_cnt": became("up", "down"),
    "graded_reward_amt": amount("reward_amt"),
    "graded_output_amt": amount("output_amt"),
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
}
GRADE_RATIOS = {
    "high_grade_revenue_share": ("high_grade_revenue_amt", "graded_revenue_amt"),
    "grade_migration_rate": ("grade_moved_cnt", "grade_compared_cnt"),
    "grade_down_rate": ("grade_down_cnt", "grade_compared_cnt"),
    "reward_rate": ("graded_reward_amt", "graded_output_amt"),
}
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
}
VIP_RATIOS = {
    "vip_managed_rate": ("vip_managed_cnt", "vip_cnt"),
    "vip_arpu": ("vip_revenue_amt", "vip_cnt"),
    "vip_profile_rate": ("vip_profile_known_cnt", "vip_profile_item_cnt"),
}
AREA_SUMS: dict[str, pl.Expr] = {
    "area_subscriber_cnt": of("subscriber_cnt"),
    "area_home_known_cnt": of("home_known_cnt"),
    "area_elsewhere_cnt": of("living_elsewhere_cnt"),
    "area_guest_cnt": of("living_here_cnt"),
    "area_population_cnt": of("population_cnt"),
    "area_own_line_cnt": of("own_line_cnt"),
    "area_market_line_cnt": of("market_line_cnt"),
    "area_potential_cnt": of("population_cnt") - of("own_line_cnt"),
}
AREA_RATIOS = {
    "area_elsewhere_rate": ("area_elsewhere_cnt", "area_home_known_cnt"),
    "area_penetration_rate": ("area_own_line_cnt", "area_population_cnt"),
    "area_market_share": ("area_own_line_cnt", "area_market_line_cnt"),
}
SUMS = {
    GROUP_MONTH: GROUP_SUMS,
    GRADE_MONTH: GRADE_SUMS,
    WARNING: WARNING_SUMS,
    SEGMENT_MONTH: SEGMENT_SUMS,
    VIP_MONTH: VIP_SUMS,
    AREA_MONTH: AREA_SUMS,
}
RATIOS: dict[str, dict[str, tuple[str, str]]] = {
    GROUP_MONTH: GROUP_RATIOS,
    GRADE_MONTH: GRADE_RATIOS,
    WARNING: {},
    SEGMENT_MONTH: SEGMENT_RATIOS,
    VIP_MONTH: VIP_RATIOS,
    AREA_MONTH: AREA_RATIOS,
}


def keys(mart: str) -> list[str]:
    """What a metric of the mart is never added over."""
    return ["stat_month", "model"] if mart == GRADE_MONTH else ["stat_month"]


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
