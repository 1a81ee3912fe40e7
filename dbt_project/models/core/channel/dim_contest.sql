-- grain: one row per contest
with results as (
    select * from {{ ref("fct_contest_month") }}
),

final as (
    select
        contest_id,
        min(stat_month) as first_month,
        max(stat_month) as last_month,
        'card' as quota_unit,
        max(ladder_code) as ladder_code,
        cast(count(distinct dealer_id) as integer) as dealer_cnt
    from results
    group by contest_id
)

select * from final
