-- grain: one row per business month and liaison person of a group customer
with liaisons as (
    select * from {{ ref("stg_crm__liaison") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

final as (
    select
        liaisons.stat_month,
        liaisons.liaison_id,
        liaisons.group_id,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        {{ mask_name("liaisons.person_name") }} as person_name_masked,
        {{ mask_msisdn("liaisons.mobile_no") }} as mobile_no_masked,
        liaisons.subscriber_id,
        liaisons.appointed_on,
        liaisons.ended_on,
        liaisons.appointed_on <= months.month_end_on
        and coalesce(liaisons.ended_on, months.month_end_on) >= months.month_end_on
            as is_appointed,
        liaisons.lead_cnt,
        liaisons.converted_lead_cnt,
        liaisons.trial_cnt,
        liaisons.reward_amt
    from liaisons
    inner join months
        on liaisons.stat_month = months.stat_month
    left join groups
        on liaisons.stat_month = groups.stat_month and liaisons.group_id = groups.group_id
)

select * from final
