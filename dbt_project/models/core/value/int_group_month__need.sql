-- grain: one row per business month and group customer with a need heard in the months watched
--
-- What was heard in the month, and what of the months watched (need_watch_months) is unmet at its
-- end: no order came of it yet.
{%- set reach = 11 %}
{%- set kinds = ["tariff", "one_stop", "solution"] %}
{%- set channels = ["visit", "manager", "agent", "portal", "hotline", "hall", "liaison"] %}
with needs as (
    select * from {{ ref("int_customer_need__heard") }}
    where {{ in_reach("stat_month", reach) }}
),

orders as (
    select stat_month, opportunity_id, visit_id
    from {{ ref("fct_opportunity") }}
    where {{ in_reach("stat_month", reach) }} and is_won and is_closed_in_month
),

-- a need is the opportunity's own, or that of the visit it came from
won as (
    select
        need_id,
        min(stat_month) as won_month
    from (
        select opportunity_id as need_id, stat_month from orders
        union all
        select visit_id as need_id, stat_month from orders
        where visit_id is not null
    ) as both_ids
    group by need_id
),

-- the months of the customer file: nothing is unmet in a month that is still to come
customers as (
    select stat_month, group_id
    from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

windows as (
    select
        months.stat_month,
        {{ add_months("months.stat_month", "1 - cast(rule.value as integer)") }} as heard_from
    from {{ ref("dim_month") }} as months
    inner join {{ ref("customer_value_rule") }} as rule
        on
            {{ holds_in("rule", "months.stat_month") }}
            and rule.parameter = 'need_watch_months'
    where {{ in_months("months.stat_month") }}
),

watched as (
    select
        customers.stat_month,
        customers.group_id,
        needs.need_type,
        needs.source_channel,
        needs.stat_month = customers.stat_month as is_heard_in_month,
        won.won_month is null or won.won_month > customers.stat_month as is_unmet
    from customers
    inner join windows
        on customers.stat_month = windows.stat_month
    inner join needs
        on
            customers.group_id = needs.group_id
            and needs.stat_month between windows.heard_from and customers.stat_month
    left join won
        on needs.need_id = won.need_id
),

final as (
    select
        stat_month,
        group_id,
        {%- for kind in kinds %}
        cast(
            sum(case when is_heard_in_month and need_type = '{{ kind }}' then 1 else 0 end)
            as integer
        ) as need_{{ kind }}_cnt,
        cast(sum(case when is_unmet and need_type = '{{ kind }}' then 1 else 0 end) as integer)
            as unmet_{{ kind }}_cnt,
        {%- endfor %}
        {%- for channel in channels %}
        cast(
            sum(case when is_heard_in_month and source_channel = '{{ channel }}' then 1 else 0 end)
            as integer
        ) as need_{{ channel }}_cnt,
        {%- endfor %}
        cast(sum(case when is_heard_in_month then 1 else 0 end) as integer) as need_cnt,
        cast(sum(case when is_unmet then 1 else 0 end) as integer) as unmet_need_cnt
    from watched
    group by stat_month, group_id
)

select * from final
