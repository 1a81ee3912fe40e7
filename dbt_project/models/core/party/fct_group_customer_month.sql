-- grain: one row per business month and group customer
--
-- The snapshot that values group customers: everything that adds up is kept as its parts, ratios
-- (purity, penetration, shares) are made of them by whoever asks. A group that is billed or has
-- members though the customer file does not know it keeps its row, without a profile.
with profiles as (
    select * from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month") }}
),

money as (
    select * from {{ ref("int_group_month__money") }}
    where {{ in_months("stat_month") }}
),

members as (
    select * from {{ ref("int_group_month__member") }}
    where {{ in_months("stat_month") }}
),

merged as (
    select
        stat_month,
        party_id as group_id,
        sum(net_amt) as merged_bill_amt
    from {{ ref("fct_merged_bill") }}
    where {{ in_months("stat_month") }} and level = 'group' and party_id <> '-'
    group by stat_month, party_id
),

bindings as (
    select
        stat_month,
        group_id,
        sum(product_cnt) as product_cnt,
        sum(case when product_cnt > 0 then 1 else 0 end) as business_kind_cnt,
        {%- for kind in ["communication", "industry_application", "service_support"] %}
        sum(case when business_kind = '{{ kind }}' then product_cnt else 0 end)
            as {{ kind }}_product_cnt,
        {%- endfor %}
        sum(instance_cnt) as instance_cnt,
        sum(line_cnt) as line_cnt,
        sum(bound_instance_cnt) as bound_instance_cnt,
        sum(bound_line_cnt) as bound_line_cnt,
        sum(contract_cnt) as contract_cnt,
        max(left_days_max) as contract_left_days_max,
        sum(monthly_fee_amt) as monthly_fee_amt,
        max(integration_level_max) as integration_level_max,
        sum(exit_cost_amt) as exit_cost_amt
    from {{ ref("fct_loyalty_binding") }}
    where {{ in_months("stat_month") }}
    group by stat_month, group_id
),

-- counted by product, not by kind: a product has one kind, but may be both ICT and new business
products as (
    select
        stat_month,
        group_id,
        count(distinct case when is_ict then product_id end) as ict_product_cnt,
        count(distinct case when is_new_business then product_id end) as new_business_product_cnt
    from {{ ref("fct_product_instance") }}
    where {{ in_months("stat_month") }} and is_in_use
    group by stat_month, group_id
),

accounts as (
    select
        stat_month,
        group_id,
        count(*) as account_cnt,
        sum(case when is_unified_payment then 1 else 0 end) as unified_payment_account_cnt,
        sum(credit_limit_amt) as credit_limit_amt
    from {{ ref("stg_boss__account") }}
    where {{ in_months("stat_month") }} and group_id is not null and account_status <> 'closed'
    group by stat_month, group_id
),

persons as (
    select
        stat_month,
        group_id,
        count(*) as key_person_cnt,
        count(distinct person_type) as key_person_type_cnt
    from {{ ref("dim_key_person") }}
    where {{ in_months("stat_month") }} and is_in_role
    group by stat_month, group_id
),

liaisons as (
    select
        stat_month,
        group_id,
        count(*) as liaison_cnt
    from {{ ref("dim_liaison") }}
    where {{ in_months("stat_month") }} and is_appointed
    group by stat_month, group_id
),

competitors as (
    select
        stat_month,
        group_id,
        sum(case when is_bound then 1 else 0 end) as competitor_tie_cnt,
        sum(case when is_bound then monthly_spend_amt else 0 end) as competitor_spend_amt,
        sum(ported_in_cnt) as ported_in_cnt,
        sum(ported_out_cnt) as ported_out_cnt
    from {{ ref("fct_competitor_binding") }}
    where {{ in_months("stat_month") }}
    group by stat_month, group_id
),

-- a list holds for its year
lists as (
    select
        stat_month,
        group_id,
        {%- for kind in ["target_market", "stock_base", "province_controlled", "city_controlled"] %}
        max(case when list_kind = '{{ kind }}' then 1 else 0 end) as {{ kind }},
        {%- endfor %}
        max(case when list_kind = 'stock_base' then base_month_fee_amt end) as base_month_fee_amt
    from {{ ref("stg_crm__customer_list") }}
    where {{ in_months("stat_month") }} and list_year = extract(year from stat_month)
    group by stat_month, group_id
),

everybody as (
    select stat_month, group_id from profiles
    union
    select stat_month, group_id from money
    union
    select stat_month, group_id from members
),

final as (
    select
        everybody.stat_month,
        everybody.group_id,
        profiles.group_id is not null as is_on_file,
        coalesce(profiles.area_id, '-') as area_id,
        coalesce(profiles.account_manager_id, '-') as account_manager_id,
        coalesce(profiles.status, '-') as status,
        coalesce(profiles.is_active, false) as is_active,
        coalesce(profiles.industry_code, '-') as industry_code,
        coalesce(profiles.industry_section, '-') as industry_section,
        coalesce(profiles.size_band, '-') as size_band,
        coalesce(profiles.control_level, '-') as control_level,
        coalesce(profiles.layer, '-') as layer,
        coalesce(profiles.credit_class, '-') as credit_class,
        profiles.market_position,
        profiles.economic_influence,
        profiles.ict_level,
        coalesce(profiles.chosen_tier, '-') as chosen_tier,
        coalesce(profiles.entitled_tier, '-') as entitled_tier,
        profiles.network_age_months,
        coalesce(lists.target_market, 0) = 1 as is_target_market,
        coalesce(lists.stock_base, 0) = 1 as is_stock_base,
        coalesce(lists.province_controlled, 0) = 1 as is_province_controlled,
        coalesce(lists.city_controlled, 0) = 1 as is_city_controlled,
        lists.base_month_fee_amt,
        coalesce(money.bill_item_cnt, 0) > 0 as has_bill,
        {%- for name in [
            "gross_amt", "discount_amt", "revenue_amt", "ict_amt", "new_business_amt",
            "recurring_amt", "contract_bound_amt", "voice_amt", "data_amt", "other_amt",
            "communication_amt", "industry_application_amt", "service_support_amt",
        ] %}
        cast(coalesce(money.{{ name }}, 0) as numeric(18, 2)) as {{ name }},
        {%- endfor %}
        cast(coalesce(merged.merged_bill_amt, 0) as numeric(28, 10)) as merged_bill_amt,
        {%- for name in [
            "paid_amt", "paid_on_time_amt", "late_days_amt", "outstanding_amt", "overdue_amt",
            "bad_debt_amt", "cost_amt", "capital_cost_amt", "granted_amt",
        ] %}
        cast(coalesce(money.{{ name }}, 0) as numeric(18, 2)) as {{ name }},
        {%- endfor %}
        cast(coalesce(money.overdue_days_max, 0) as integer) as overdue_days_max,
        cast(coalesce(accounts.credit_limit_amt, 0) as numeric(18, 2)) as credit_limit_amt,
        cast(coalesce(accounts.account_cnt, 0) as integer) as account_cnt,
        cast(coalesce(accounts.unified_payment_account_cnt, 0) as integer)
            as unified_payment_account_cnt,
        coalesce(profiles.employees_cnt, 0) as employees_cnt,
        {%- for name in [
            "member_cnt", "own_member_cnt", "op_b_member_cnt", "op_c_member_cnt",
            "verified_member_cnt", "own_verified_member_cnt", "leader_cnt", "machine_cnt",
            "unified_payment_member_cnt", "joined_member_cnt", "left_member_cnt",
            "left_network_member_cnt", "billed_member_cnt",
        ] %}
        cast(coalesce(members.{{ name }}, 0) as integer) as {{ name }},
        {%- endfor %}
        {%- for name in [
            "member_bill_amt", "member_voice_min", "member_voice_out_min",
            "member_voice_offnet_min", "member_data_mb",
        ] %}
        cast(coalesce(members.{{ name }}, 0) as numeric(18, 2)) as {{ name }},
        {%- endfor %}
        cast(coalesce(members.member_sms_cnt, 0) as integer) as member_sms_cnt,
        {%- for source, names in {
            "bindings": [
                "product_cnt", "business_kind_cnt", "instance_cnt", "line_cnt",
                "bound_instance_cnt", "bound_line_cnt", "contract_cnt", "contract_left_days_max",
                "integration_level_max", "communication_product_cnt",
                "industry_application_product_cnt", "service_support_product_cnt",
            ],
            "products": ["ict_product_cnt", "new_business_product_cnt"],
            "persons": ["key_person_cnt", "key_person_type_cnt"],
            "liaisons": ["liaison_cnt"],
            "competitors": ["competitor_tie_cnt", "ported_in_cnt", "ported_out_cnt"],
        }.items() %}
        {%- for name in names %}
        cast(coalesce({{ source }}.{{ name }}, 0) as integer) as {{ name }},
        {%- endfor %}
        {%- endfor %}
        cast(coalesce(bindings.monthly_fee_amt, 0) as numeric(18, 2)) as monthly_fee_amt,
        cast(coalesce(bindings.exit_cost_amt, 0) as numeric(18, 2)) as exit_cost_amt,
        cast(coalesce(competitors.competitor_spend_amt, 0) as numeric(18, 2))
            as competitor_spend_amt
    from everybody
    {%- for source in [
        "profiles", "money", "members", "merged", "bindings", "products", "accounts", "persons",
        "liaisons", "competitors", "lists",
    ] %}
    left join {{ source }}
        on
            everybody.stat_month = {{ source }}.stat_month
            and everybody.group_id = {{ source }}.group_id
    {%- endfor %}
)

select * from final
