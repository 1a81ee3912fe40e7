-- grain: one row per frozen cohort (拍照客户群) and member
--
-- Photographed at the end of the freeze month: on net, and on the average of the baseline months
-- (the freeze month is the last of them) at or above both mid/high-end thresholds of that month.
with cohorts as (
    select * from {{ ref("retention_cohort") }}
    where {{ in_months("freeze_month") }}
),

facts as (
    select * from {{ ref("fct_subscriber_month") }}
),

windows as (
    select
        cohorts.cohort_id,
        cohorts.freeze_month,
        months.stat_month as baseline_month
    from cohorts
    inner join {{ ref("dim_month") }} as months
        on
            months.stat_month <= cohorts.freeze_month
            and months.stat_month
            > {{ add_months("cohorts.freeze_month", "-cohorts.baseline_months") }}
),

averages as (
    select
        windows.cohort_id,
        windows.freeze_month,
        facts.subscriber_id,
        sum(case when facts.has_bill then 1 else 0 end) as bill_months,
        sum(case when facts.has_usage then 1 else 0 end) as usage_months,
        sum(facts.billed_amt) as billed_amt_sum,
        sum(facts.voice_out_min) as voice_out_min_sum
    from windows
    inner join facts
        on windows.baseline_month = facts.stat_month
    group by windows.cohort_id, windows.freeze_month, facts.subscriber_id
),

final as (
    select
        averages.cohort_id,
        averages.freeze_month,
        averages.subscriber_id,
        frozen.area_id,
        frozen.account_manager_id,
        averages.billed_amt_sum,
        averages.bill_months
    from averages
    inner join facts as frozen
        on
            averages.freeze_month = frozen.stat_month
            and averages.subscriber_id = frozen.subscriber_id
    inner join {{ ref("int_rule__month") }} as rules
        on averages.freeze_month = rules.stat_month
    where
        frozen.is_on_net
        and averages.bill_months > 0
        and averages.usage_months > 0
        and averages.billed_amt_sum >= rules.mid_high_min_billed_amt * averages.bill_months
        and averages.voice_out_min_sum
        >= rules.mid_high_min_voice_out_min * averages.usage_months
)

select * from final
