-- grain: one row per business month and group customer that is on file, billed or has members
{%- set competitors = ["op_b", "op_c"] %}
with customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

worked_out as (
    select * from {{ ref("int_group_month__value") }}
    where {{ in_months("stat_month") }}
),

profiles as (
    select * from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month") }}
),

industries as (
    select * from {{ ref("dim_industry") }}
),

inputs as (
    select * from {{ ref("int_group_month__input") }}
    where {{ in_months("stat_month") }}
),

relations as (
    select * from {{ ref("int_group_month__relation") }}
    where {{ in_months("stat_month") }}
),

allied as (
    select * from {{ ref("int_group_month__alliance") }}
    where {{ in_months("stat_month") }}
),

bindings as (
    select * from {{ ref("int_group_month__binding") }}
    where {{ in_months("stat_month") }}
),

leaving as (
    select * from {{ ref("int_binding_depth__off_net") }}
    where {{ in_months("stat_month") }}
),

churning as (
    select * from {{ ref("int_group_churn__score") }}
    where {{ in_months("stat_month") }}
),

steps as (
    select * from {{ ref("int_group_month__key_person_step") }}
    where {{ in_months("stat_month") }}
),

needs as (
    select * from {{ ref("int_group_month__need") }}
    where {{ in_months("stat_month") }}
),

offers as (
    select * from {{ ref("int_group_month__offer") }}
    where {{ in_months("stat_month") }}
),

products as (
    select * from {{ ref("dim_product") }}
    where {{ in_months("stat_month") }}
),

serving as (
    select * from {{ ref("int_group_month__self_service") }}
    where {{ in_months("stat_month") }}
),

final as (
    select
        customers.stat_month,
        customers.group_id,
        coalesce(profiles.group_title, customers.group_id) as group_name,
        {{- placement("customers") }},
        customers.is_on_file,
        customers.status,
        status.name_zh as status_name,
        status.name_en as status_name_en,
        customers.is_active,
        customers.industry_code,
        industries.name_zh as industry_name,
        industries.name_en as industry_name_en,
        customers.industry_section,
        industries.section_name_zh as industry_section_name,
        industries.section_name_en as industry_section_name_en,
        customers.size_band,
        coalesce(profiles.size_segment, '-') as size_segment,
        customers.control_level,
        customers.layer as file_layer,
        customers.market_position,
        customers.economic_influence,
        customers.ict_level,
        customers.credit_class,
        customers.entitled_tier,
        customers.chosen_tier,
        profiles.alliance_stage,
        alliance.name_zh as alliance_stage_name,
        alliance.name_en as alliance_stage_name_en,
        -- the ledger lists what the customer file only sums up, so it goes before the file
        cast(
            coalesce(allied.joint_investment_amt, profiles.joint_investment_amt, 0)
            as numeric(18, 2)
        ) as joint_investment_amt,
        allied.alliance_project_cnt,
        allied.alliance_overdue_cnt,
        allied.alliance_own_amt,
        allied.alliance_partner_amt,
        customers.network_age_months,
        customers.is_target_market,
        customers.is_stock_base,
        {%- for name in [
            "revenue_amt", "communication_amt", "industry_application_amt", "service_support_amt",
            "ict_amt", "new_business_amt", "voice_amt", "data_amt", "recurring_amt",
            "contract_bound_amt", "member_bill_amt",
        ] %}
        cast(customers.{{ name }} as numeric(18, 2)) as {{ name }},
        {%- endfor %}
        -- what the customer brought when the base was frozen is stock, the rest increment
        cast(
            case
                when customers.is_stock_base
                    then least(customers.revenue_amt, coalesce(customers.base_month_fee_amt, 0))
                else 0
            end as numeric(18, 2)
        ) as stock_revenue_amt,
        cast(
            customers.revenue_amt
            - case
                when customers.is_stock_base
                    then least(customers.revenue_amt, coalesce(customers.base_month_fee_amt, 0))
                else 0
            end as numeric(18, 2)
        ) as increment_revenue_amt,
        {%- for name in [
            "output_amt", "discount_amt", "granted_amt", "subsidy_amt", "manager_cost_amt",
            "build_cost_amt", "other_cost_amt", "input_amt",
        ] %}
        cast(coalesce(inputs.{{ name }}, 0) as numeric(18, 2)) as {{ name }},
        {%- endfor %}
        {%- for name in ["previous", "year_ago", "year_ago_aligned"] %}
        worked_out.{{ name }}_revenue_amt,
        worked_out.{{ name }}_change_amt,
        {%- endfor %}
        {%- for name in [
            "revenue_rank_no", "revenue_percentile", "area_revenue_share",
            "two_months_change_amt", "is_pareto_top", "arpu", "mean_arpu", "social_score",
            "is_below_mean_arpu", "is_below_mean_per_employee", "is_shrinking",
            "is_potential_high_value", "stickiness_index",
        ] %}
        worked_out.{{ name }},
        {%- endfor %}
        {%- for name in [
            "employees_cnt", "member_cnt", "own_member_cnt", "verified_member_cnt",
            "own_verified_member_cnt", "joined_member_cnt", "left_network_member_cnt",
            "unified_payment_member_cnt",
        ] %}
        cast(customers.{{ name }} as integer) as {{ name }},
        {%- endfor %}
        {%- for name in [
            "paid_amt", "paid_on_time_amt", "outstanding_amt", "overdue_amt", "bad_debt_amt",
            "credit_limit_amt",
        ] %}
        cast(customers.{{ name }} as numeric(18, 2)) as {{ name }},
        {%- endfor %}
        cast(customers.overdue_days_max as integer) as overdue_days_max,
        {%- for name in [
            "business_kind_cnt", "product_cnt", "communication_product_cnt",
            "industry_application_product_cnt", "service_support_product_cnt", "line_cnt",
            "bound_line_cnt", "contract_cnt", "contract_left_days_max", "integration_level_max",
        ] %}
        cast(customers.{{ name }} as integer) as {{ name }},
        {%- endfor %}
        worked_out.contract_ends_on,
        cast(customers.exit_cost_amt as numeric(18, 2)) as exit_cost_amt,
        cast(customers.competitor_tie_cnt as integer) as competitor_tie_cnt,
        cast(customers.competitor_spend_amt as numeric(18, 2)) as competitor_spend_amt,
        {%- for competitor in competitors %}
        {%- for name in [
            "kind_cnt", "line_cnt", "spend_amt", "contract_ends_on", "confidence", "collected_on",
            "stage", "win_over_score",
        ] %}
        worked_out.{{ competitor }}_{{ name }},
        {%- endfor %}
        {%- endfor %}
        cast(
            greatest(worked_out.op_b_win_over_score, worked_out.op_c_win_over_score)
            as numeric(18, 8)
        ) as win_over_score,
        cast(customers.key_person_cnt as integer) as key_person_cnt,
        cast(customers.key_person_type_cnt as integer) as key_person_type_cnt,
        worked_out.has_all_key_persons,
        worked_out.unfollowed_change_cnt,
        cast(customers.liaison_cnt as integer) as liaison_cnt,
        relations.visit_cnt,
        relations.event_cnt,
        relations.decision_maker_visit_cnt,
        relations.person_benefit_amt,
        relations.benefit_exception_cnt,
        relations.lead_cnt,
        relations.converted_lead_cnt,
        relations.liaison_reward_amt,
        relations.trial_ended_cnt,
        relations.trial_converted_cnt,
        {%- for name in [
            "echannel_member_cnt", "self_service_member_cnt", "echannel_transaction_cnt",
            "self_service_transaction_cnt", "self_service_payment_cnt", "business_contact_cnt",
            "self_service_contact_cnt",
        ] %}
        serving.{{ name }},
        {%- endfor %}
        bindings.bound_line_share,
        bindings.binding_points,
        bindings.binding_depth,
        depth_name.name_zh as binding_depth_name,
        depth_name.name_en as binding_depth_name_en,
        leaving.off_net_probability,
        churning.score as churn_score,
        churning.risk_level as churn_risk,
        risk_name.name_zh as churn_risk_name,
        risk_name.name_en as churn_risk_name_en,
        churning.driver_factor as churn_driver,
        churn_factor.name_zh as churn_driver_name,
        churn_factor.name_en as churn_driver_name_en,
        churning.driver_points as churn_driver_points,
        churning.model_version as churn_model_version,
        {%- for name in ["identify", "build", "maintain", "expand", "follow_up", "none"] %}
        coalesce(steps.step_{{ name }}_cnt, 0) as step_{{ name }}_cnt,
        {%- endfor %}
        {%- for name in [
            "need_cnt", "need_visit_cnt", "need_manager_cnt", "need_agent_cnt", "need_portal_cnt",
            "need_hotline_cnt", "need_hall_cnt", "need_liaison_cnt", "need_tariff_cnt",
            "need_one_stop_cnt", "need_solution_cnt", "unmet_need_cnt", "unmet_tariff_cnt",
            "unmet_one_stop_cnt", "unmet_solution_cnt",
        ] %}
        coalesce(needs.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        size_name.name_zh as size_segment_name,
        size_name.name_en as size_segment_name_en,
        entitled_name.name_zh as entitled_tier_name,
        entitled_name.name_en as entitled_tier_name_en,
        chosen_name.name_zh as chosen_tier_name,
        chosen_name.name_en as chosen_tier_name_en,
        -- the best tier is the first
        cast(entitled_name.sort_no - chosen_name.sort_no as integer) as tier_gap,
        credit_name.name_zh as credit_class_name,
        credit_name.name_en as credit_class_name_en,
        offers.product_id as next_offer_product_id,
        products.product_name as next_offer_product_name,
        products.product_name_en as next_offer_product_name_en,
        offers.score as next_offer_score,
        offers.reason as next_offer_reason,
        reason_name.name_zh as next_offer_reason_name,
        reason_name.name_en as next_offer_reason_name_en,
        offers.need_type as next_offer_need,
        need_name.name_zh as next_offer_need_name,
        need_name.name_en as next_offer_need_name_en,
        offers.own_need_cnt as next_offer_own_need_cnt,
        offers.segment_need_share as next_offer_segment_need_share,
        offers.peer_cnt as next_offer_peer_cnt,
        offers.peer_user_cnt as next_offer_peer_user_cnt,
        offers.rules_from as next_offer_rules_from,
        coalesce(offers.followed_cnt, 0) as next_offer_followed_cnt,
        coalesce(offers.taken_cnt, 0) as next_offer_taken_cnt,
        cast(coalesce(offers.lot_cnt, 0) as numeric(18, 8)) as next_offer_lot_cnt
    from customers
    inner join worked_out
        on
            customers.stat_month = worked_out.stat_month
            and customers.group_id = worked_out.group_id
    inner join relations
        on customers.stat_month = relations.stat_month and customers.group_id = relations.group_id
    {{- placement_joins("customers", "customers.stat_month") }}
    left join profiles
        on customers.stat_month = profiles.stat_month and customers.group_id = profiles.group_id
    left join industries
        on customers.industry_code = industries.industry_code
    left join inputs
        on customers.stat_month = inputs.stat_month and customers.group_id = inputs.group_id
    left join {{ ref("code_name") }} as status
        on status.code_set = 'group_status' and customers.status = status.code
    left join {{ ref("code_name") }} as alliance
        on alliance.code_set = 'alliance_stage' and profiles.alliance_stage = alliance.code
    left join allied
        on customers.stat_month = allied.stat_month and customers.group_id = allied.group_id
    left join bindings
        on customers.stat_month = bindings.stat_month and customers.group_id = bindings.group_id
    left join leaving
        on
            bindings.stat_month = leaving.stat_month
            and bindings.binding_depth = leaving.binding_depth
    left join {{ ref("code_name") }} as depth_name
        on
            depth_name.code_set = 'binding_depth'
            and cast(bindings.binding_depth as {{ dbt.type_string() }}) = depth_name.code
    left join churning
        on customers.stat_month = churning.stat_month and customers.group_id = churning.group_id
    left join {{ ref("code_name") }} as risk_name
        on risk_name.code_set = 'churn_risk' and churning.risk_level = risk_name.code
    left join {{ ref("code_name") }} as churn_factor
        on churn_factor.code_set = 'churn_factor' and churning.driver_factor = churn_factor.code
    left join steps
        on customers.stat_month = steps.stat_month and customers.group_id = steps.group_id
    left join needs
        on customers.stat_month = needs.stat_month and customers.group_id = needs.group_id
    left join serving
        on customers.stat_month = serving.stat_month and customers.group_id = serving.group_id
    left join {{ ref("code_name") }} as size_name
        on size_name.code_set = 'size_segment' and profiles.size_segment = size_name.code
    left join {{ ref("code_name") }} as entitled_name
        on
            entitled_name.code_set = 'service_tier'
            and customers.entitled_tier = entitled_name.code
    left join {{ ref("code_name") }} as chosen_name
        on chosen_name.code_set = 'service_tier' and customers.chosen_tier = chosen_name.code
    left join {{ ref("code_name") }} as credit_name
        on credit_name.code_set = 'credit_class' and customers.credit_class = credit_name.code
    left join offers
        on customers.stat_month = offers.stat_month and customers.group_id = offers.group_id
    left join products
        on
            offers.stat_month = products.stat_month
            and offers.product_id = products.product_id
    left join {{ ref("code_name") }} as reason_name
        on
            reason_name.code_set = 'next_offer_reason'
            and offers.reason = reason_name.code
    left join {{ ref("code_name") }} as need_name
        on need_name.code_set = 'need_type' and offers.need_type = need_name.code
)

select * from final
