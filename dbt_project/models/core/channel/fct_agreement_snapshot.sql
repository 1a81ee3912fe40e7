-- grain: one row per business month and agreement version, as at the end of the month
--
-- The list comes by month; on any other day the days left are ends_on minus that day, so a day by
-- day snapshot would only repeat the list.
with agreements as (
    select * from {{ ref("stg_channel__agreement") }}
),

dealers as (
    select * from {{ ref("stg_channel__dealer") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

final as (
    select
        agreements.stat_month,
        agreements.agreement_id,
        agreements.dealer_id,
        dealers.area_id,
        dealers.channel_manager_id,
        agreements.agreement_type,
        agreements.signed_on,
        agreements.starts_on,
        agreements.ends_on,
        agreements.previous_agreement_id,
        agreements.monthly_quota_cnt,
        agreements.ladder_code,
        agreements.fund_share_rate,
        agreements.fund_limit_amt,
        agreements.status,
        agreements.starts_on <= months.month_end_on
        and agreements.ends_on >= months.month_end_on
        and agreements.status <> 'terminated' as is_in_force,
        agreements.status = 'renewed' as is_renewed,
        {{ elapsed_days("months.month_end_on", "agreements.ends_on") }} as days_left_cnt
    from agreements
    inner join months
        on agreements.stat_month = months.stat_month
    left join dealers
        on
            agreements.stat_month = dealers.stat_month
            and agreements.dealer_id = dealers.dealer_id
)

select * from final
