-- grain: one row per business month and subscriber on net in it who had a month on net in its
-- baseline window
--
-- What the subscriber did in the months before, as sums and numbers of months. Averages are not
-- stored: comparing `value * months` with `factor * sum` is exact, where an average of three is
-- not. A month counts for bills when there is a bill, and for use when there is use.
with rules as (
    select * from {{ ref("int_rule__month") }}
),

facts as (
    select * from {{ ref("fct_subscriber_month") }}
),

windows as (
    select
        rules.stat_month,
        months.stat_month as baseline_month
    from rules
    inner join {{ ref("dim_month") }} as months
        on
            months.stat_month < rules.stat_month
            and months.stat_month >= {{ add_months("rules.stat_month", "-rules.baseline_months") }}
    where {{ in_months("rules.stat_month") }}
),

final as (
    select
        facts.stat_month,
        facts.subscriber_id,
        cast(sum(case when earlier.has_bill then 1 else 0 end) as integer) as bill_months,
        cast(sum(case when earlier.has_usage then 1 else 0 end) as integer) as usage_months,
        sum(earlier.billed_amt) as billed_amt_sum,
        sum(earlier.billed_amt * earlier.billed_amt) as billed_amt_square_sum,
        sum(earlier.recharge_amt) as recharge_amt_sum,
        sum(earlier.voice_min) as voice_min_sum,
        sum(earlier.voice_out_min) as voice_out_min_sum,
        sum(earlier.voice_offnet_min) as voice_offnet_min_sum,
        sum(earlier.call_forward_cnt) as call_forward_cnt_sum,
        sum(earlier.active_days) as active_days_sum
    from facts
    inner join windows
        on facts.stat_month = windows.stat_month
    inner join facts as earlier
        on
            windows.baseline_month = earlier.stat_month
            and facts.subscriber_id = earlier.subscriber_id
    where {{ in_months("facts.stat_month") }}
    group by facts.stat_month, facts.subscriber_id
)

select * from final
