-- grain: one row per agreement version, as of the latest month that has it
with states as (
    {{ latest_of(ref("fct_agreement_snapshot"), "agreement_id") }}
),

final as (
    select
        agreement_id,
        stat_month as as_of_month,
        dealer_id,
        agreement_type,
        signed_on,
        starts_on,
        ends_on,
        previous_agreement_id,
        monthly_quota_cnt,
        ladder_code,
        fund_share_rate,
        fund_limit_amt,
        status as status_current
    from states
    where nth = 1
)

select * from final
