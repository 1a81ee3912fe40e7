-- grain: one row per business month, frozen cohort, area and account manager (as at the freeze)
with cohorts as (
    select * from {{ ref("retention_cohort") }}
),

members as (
    select * from {{ ref("int_cohort__member") }}
),

facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

-- months with data only: a cohort is not lost because a month has not come yet
months as (
    select distinct stat_month
    from facts
),

counted as (
    select
        months.stat_month,
        cohorts.cohort_id,
        cohorts.cohort_name,
        cohorts.cohort_name_en,
        cohorts.freeze_month,
        members.area_id,
        members.account_manager_id,
        count(*) as base_cnt,
        sum(case when facts.is_on_net then 1 else 0 end) as retained_cnt,
        sum(members.billed_amt_sum / members.bill_months) as base_revenue_amt,
        -- who is gone at month end counts 0, also when a last bill was still sent
        sum(case when facts.is_on_net then facts.billed_amt else 0 end) as retained_revenue_amt
    from cohorts
    inner join months
        on
            cohorts.freeze_month < months.stat_month
            and (cohorts.tracked_to is null or months.stat_month <= cohorts.tracked_to)
    inner join members
        on cohorts.cohort_id = members.cohort_id
    left join facts
        on
            months.stat_month = facts.stat_month
            and members.subscriber_id = facts.subscriber_id
    group by
        months.stat_month,
        cohorts.cohort_id,
        cohorts.cohort_name,
        cohorts.cohort_name_en,
        cohorts.freeze_month,
        members.area_id,
        members.account_manager_id
),

final as (
    select
        counted.stat_month,
        counted.cohort_id,
        counted.cohort_name,
        counted.cohort_name_en,
        counted.freeze_month,
        {{- placement("counted") }},
        cast(counted.base_cnt as integer) as base_cnt,
        cast(counted.retained_cnt as integer) as retained_cnt,
        cast(counted.base_revenue_amt as numeric(20, 6)) as base_revenue_amt,
        cast(counted.retained_revenue_amt as numeric(18, 2)) as retained_revenue_amt
    from counted
    {{- placement_joins("counted", "counted.freeze_month") }}
)

select * from final
