-- grain: one row per business month, contest and dealer
with results as (
    select * from {{ ref("stg_channel__contest_result") }}
),

agreements as (
    select * from {{ ref("stg_channel__agreement") }}
),

dealers as (
    select * from {{ ref("stg_channel__dealer") }}
),

final as (
    select
        results.stat_month,
        results.contest_id,
        results.dealer_id,
        dealers.area_id,
        dealers.channel_manager_id,
        results.agreement_id,
        agreements.ladder_code,
        results.quota_cnt,
        results.actual_cnt,
        results.actual_cnt >= results.quota_cnt as is_met,
        results.is_met as is_met_settled,
        greatest(results.quota_cnt - results.actual_cnt, 0) as shortfall_cnt,
        results.met_months_cnt,
        results.reward_per_card_amt,
        results.reward_amt
    from results
    left join agreements
        on
            results.stat_month = agreements.stat_month
            and results.agreement_id = agreements.agreement_id
    left join dealers
        on results.stat_month = dealers.stat_month and results.dealer_id = dealers.dealer_id
)

select * from final
