-- grain: one row per business month and active group customer with usage in each month before
--
-- How far the customer's own usage revenue is below the mean of its months before, the median
-- change of all customers taken out: what befalls everybody, as at the Spring Festival, is no fall.
-- Who was not there in each of the months before has no row: there is nothing to fall from.
{%- set reach = 12 %}
{%- set ends = {"left_to_competitor": "to_competitor", "left_unsatisfied": "unsatisfied"} %}
with customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }} and is_active
),

usage as (
    select stat_month, group_id, usage_amt
    from {{ ref("int_group_month__money") }}
    where {{ in_reach("stat_month", reach) }}
),

profiles as (
    select stat_month, group_id, employees_cnt
    from {{ ref("fct_group_customer_month") }}
    where {{ in_reach("stat_month", reach) }}
),

complaints as (
    select * from {{ ref("fct_complaint") }}
    where
        {{ in_reach("stat_month", reach) }}
        and complainant_type = 'group'
        and is_received_in_month
),

told_of_competitors as (
    select * from {{ ref("stg_competitor__intelligence") }}
    where {{ in_reach("stat_month", reach) }} and business_kind = 'communication'
),

months as (
    select
        months.stat_month,
        months.month_end_on,
        {{ parameter("rule", "parameter", "fall_base_months") }} as base_months
    from {{ ref("dim_month") }} as months
    left join {{ ref("customer_value_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by months.stat_month, months.month_end_on
),

rules as (
    select
        months.stat_month,
        months.month_end_on,
        rules.evidence,
        rules.driver,
        rules.precedence,
        rules.threshold_value,
        rules.min_fall_share,
        rules.is_warned,
        {{ add_months("months.stat_month", "1 - rules.window_months") }} as window_from
    from months
    inner join {{ ref("value_fall_driver_rule") }} as rules
        on {{ holds_in("rules", "months.stat_month") }}
),

based as (
    select
        customers.stat_month,
        customers.group_id,
        sum(earlier.usage_amt) / months.base_months as base_amt
    from customers
    inner join months
        on customers.stat_month = months.stat_month
    inner join usage as earlier
        on
            customers.group_id = earlier.group_id
            and earlier.stat_month < customers.stat_month
            and earlier.stat_month
            >= {{ add_months("customers.stat_month", "-cast(months.base_months as integer)") }}
    where earlier.usage_amt > 0
    group by customers.stat_month, customers.group_id, months.base_months
    having count(*) = months.base_months
),

changed as (
    select
        based.stat_month,
        based.group_id,
        coalesce(usage.usage_amt, 0) as usage_amt,
        based.base_amt,
        cast(coalesce(usage.usage_amt, 0) / based.base_amt as numeric(28, 10)) as change_ratio
    from based
    left join usage
        on based.stat_month = usage.stat_month and based.group_id = usage.group_id
),

peers as (
    select
        stat_month,
        cast(
            percentile_cont(0.5) within group (order by change_ratio) as numeric(28, 10)
        ) as change_ratio
    from changed
    group by stat_month
),

fallen as (
    select
        changed.stat_month,
        changed.group_id,
        changed.usage_amt,
        changed.base_amt,
        changed.change_ratio,
        peers.change_ratio as peer_change_ratio,
        1 - changed.change_ratio / nullif(peers.change_ratio, 0) as fall_share
    from changed
    inner join peers
        on changed.stat_month = peers.stat_month
),

-- how many employees the customer had at most in the months before
employed as (
    select
        rules.stat_month,
        earlier.group_id,
        max(earlier.employees_cnt) as employees_cnt
    from rules
    inner join profiles as earlier
        on
            rules.evidence = 'employees_fall'
            and earlier.stat_month >= rules.window_from
            and earlier.stat_month < rules.stat_month
    group by rules.stat_month, earlier.group_id
),

-- lines at each competitor by the latest report within the window, and by the latest one before it
reports as (
    select
        rules.stat_month,
        reports.group_id,
        reports.competitor,
        reports.line_cnt,
        reports.stat_month >= rules.window_from as is_recent,
        row_number() over (
            partition by
                rules.stat_month,
                reports.group_id,
                reports.competitor,
                reports.stat_month >= rules.window_from
            order by reports.collected_on desc, reports.intelligence_id desc
        ) as newest_first
    from rules
    inner join told_of_competitors as reports
        on
            rules.evidence = 'competitor_lines'
            and reports.stat_month between
            {{ add_months("rules.stat_month", 1 - reach) }} and rules.stat_month
),

told as (
    select
        stat_month,
        group_id,
        competitor,
        max(case when is_recent then line_cnt end) as line_cnt,
        max(case when not is_recent then line_cnt end) as earlier_line_cnt
    from reports
    where newest_first = 1
    group by stat_month, group_id, competitor
),

evidence as (
    select
        stat_month,
        group_id,
        'none' as evidence,
        cast(null as numeric(18, 4)) as evidence_value
    from fallen
    union all
    -- a small debt in dispute does not cut anybody off
    select
        customers.stat_month,
        customers.group_id,
        'overdue' as evidence,
        cast(customers.overdue_days_max as numeric(18, 4)) as evidence_value
    from customers
    inner join fallen
        on customers.stat_month = fallen.stat_month and customers.group_id = fallen.group_id
    where customers.overdue_amt >= fallen.base_amt
    union all
    select
        customers.stat_month,
        customers.group_id,
        'employees_fall' as evidence,
        cast(
            1 - 1.0 * customers.employees_cnt / nullif(employed.employees_cnt, 0)
            as numeric(18, 4)
        ) as evidence_value
    from customers
    inner join employed
        on customers.stat_month = employed.stat_month and customers.group_id = employed.group_id
    {%- for name, reason in ends.items() %}
    union all
    select
        instances.stat_month,
        instances.group_id,
        '{{ name }}' as evidence,
        cast(count(*) as numeric(18, 4)) as evidence_value
    from {{ ref("fct_product_instance") }} as instances
    inner join rules
        on
            instances.stat_month = rules.stat_month
            and rules.evidence = '{{ name }}'
            and instances.ended_on between rules.window_from and rules.month_end_on
    where instances.end_reason = '{{ reason }}'
    group by instances.stat_month, instances.group_id
    {%- endfor %}
    union all
    select
        unfollowed.stat_month,
        unfollowed.group_id,
        'decision_maker_left' as evidence,
        cast(count(*) as numeric(18, 4)) as evidence_value
    from {{ ref("int_key_person__unfollowed") }} as unfollowed
    inner join rules
        on
            unfollowed.stat_month = rules.stat_month
            and rules.evidence = 'decision_maker_left'
            and unfollowed.changed_on >= rules.window_from
    inner join {{ ref("dim_key_person") }} as persons
        on
            unfollowed.stat_month = persons.stat_month
            and unfollowed.key_person_id = persons.key_person_id
    where persons.person_type = 'decision_maker'
    group by unfollowed.stat_month, unfollowed.group_id
    union all
    select
        rules.stat_month,
        complaints.group_id,
        'complaints' as evidence,
        cast(count(*) as numeric(18, 4)) as evidence_value
    from complaints
    inner join rules
        on
            rules.evidence = 'complaints'
            and complaints.stat_month between rules.window_from and rules.stat_month
    where complaints.complaint_kind in ('network', 'service')
    group by rules.stat_month, complaints.group_id
    union all
    select
        stat_month,
        group_id,
        'competitor_lines' as evidence,
        cast(1.0 * sum(line_cnt) / nullif(sum(earlier_line_cnt), 0) - 1 as numeric(18, 4))
            as evidence_value
    from told
    where line_cnt is not null and earlier_line_cnt is not null
    group by stat_month, group_id
),

explained as (
    select
        fallen.stat_month,
        fallen.group_id,
        rules.driver,
        rules.evidence,
        evidence.evidence_value,
        rules.is_warned,
        row_number() over (
            partition by fallen.stat_month, fallen.group_id order by rules.precedence
        ) as first_to_speak
    from fallen
    inner join evidence
        on fallen.stat_month = evidence.stat_month and fallen.group_id = evidence.group_id
    inner join rules
        on
            evidence.stat_month = rules.stat_month
            and evidence.evidence = rules.evidence
            and fallen.fall_share >= rules.min_fall_share
            and (
                rules.threshold_value is null
                or evidence.evidence_value >= rules.threshold_value
            )
),

final as (
    select
        fallen.stat_month,
        fallen.group_id,
        customers.area_id,
        customers.account_manager_id,
        cast(fallen.usage_amt as numeric(18, 2)) as usage_amt,
        cast(fallen.base_amt as numeric(18, 2)) as base_amt,
        fallen.change_ratio,
        fallen.peer_change_ratio,
        cast(fallen.fall_share as numeric(18, 8)) as fall_share,
        cast(fallen.fall_share * fallen.base_amt * fallen.peer_change_ratio as numeric(18, 2))
            as fall_amt,
        explained.driver,
        explained.evidence,
        explained.evidence_value,
        coalesce(explained.is_warned, false) as is_warned
    from fallen
    inner join customers
        on fallen.stat_month = customers.stat_month and fallen.group_id = customers.group_id
    left join explained
        on
            fallen.stat_month = explained.stat_month
            and fallen.group_id = explained.group_id
            and explained.first_to_speak = 1
)

select * from final
