-- grain: one row per business month and group customer that is on file, billed or has members
with customers as (
    select
        stat_month,
        group_id
    from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

persons as (
    select * from {{ ref("dim_key_person") }}
    where {{ in_months("stat_month") }}
),

-- whoever was met as decision maker was one then, in the role today or not
visits as (
    select
        visited.stat_month,
        visited.group_id,
        sum(case when visited.visit_type = 'visit' then 1 else 0 end) as visit_cnt,
        sum(case when visited.visit_type <> 'visit' then 1 else 0 end) as event_cnt,
        sum(case when persons.person_type = 'decision_maker' then 1 else 0 end)
            as decision_maker_visit_cnt
    from {{ ref("fct_visit") }} as visited
    left join persons
        on
            visited.stat_month = persons.stat_month
            and visited.key_person_id = persons.key_person_id
    where
        {{ in_months("visited.stat_month") }}
        and visited.is_done and visited.is_checked_in_in_month
    group by visited.stat_month, visited.group_id
),

benefits as (
    select
        stat_month,
        group_id,
        sum(granted_amt) as person_benefit_amt,
        sum(case when is_over_limit or is_unapproved then 1 else 0 end) as benefit_exception_cnt
    from {{ ref("fct_benefit_grant") }}
    where {{ in_months("stat_month") }} and beneficiary_type = 'key_person'
    group by stat_month, group_id
),

liaisons as (
    select
        stat_month,
        group_id,
        sum(lead_cnt) as lead_cnt,
        sum(converted_lead_cnt) as converted_lead_cnt,
        sum(reward_amt) as liaison_reward_amt
    from {{ ref("dim_liaison") }}
    where {{ in_months("stat_month") }}
    group by stat_month, group_id
),

trials as (
    select
        stat_month,
        group_id,
        count(*) as trial_ended_cnt,
        sum(case when is_converted then 1 else 0 end) as trial_converted_cnt
    from {{ ref("fct_product_trial") }}
    where {{ in_months("stat_month") }} and is_ended_in_month
    group by stat_month, group_id
),

final as (
    select
        customers.stat_month,
        customers.group_id,
        cast(coalesce(visits.visit_cnt, 0) as integer) as visit_cnt,
        cast(coalesce(visits.event_cnt, 0) as integer) as event_cnt,
        cast(coalesce(visits.decision_maker_visit_cnt, 0) as integer) as decision_maker_visit_cnt,
        cast(coalesce(benefits.person_benefit_amt, 0) as numeric(18, 2)) as person_benefit_amt,
        cast(coalesce(benefits.benefit_exception_cnt, 0) as integer) as benefit_exception_cnt,
        cast(coalesce(liaisons.lead_cnt, 0) as integer) as lead_cnt,
        cast(coalesce(liaisons.converted_lead_cnt, 0) as integer) as converted_lead_cnt,
        cast(coalesce(liaisons.liaison_reward_amt, 0) as numeric(18, 2)) as liaison_reward_amt,
        cast(coalesce(trials.trial_ended_cnt, 0) as integer) as trial_ended_cnt,
        cast(coalesce(trials.trial_converted_cnt, 0) as integer) as trial_converted_cnt
    from customers
    {%- for part in ["visits", "benefits", "liaisons", "trials"] %}
    left join {{ part }}
        on
            customers.stat_month = {{ part }}.stat_month
            and customers.group_id = {{ part }}.group_id
    {%- endfor %}
)

select * from final
