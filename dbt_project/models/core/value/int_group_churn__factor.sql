-- grain: one row per business month, active group customer and factor of the churn model
--
-- What shows that the customer as a whole may leave, factor by factor, and the points that each
-- gives: none up to floor_value, max_points from full_value on. Nothing known gives none.
{%- set reach = 11 %}
with customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }} and is_active
),

rules as (
    select
        months.stat_month,
        months.month_end_on,
        rules.model,
        rules.factor,
        rules.max_points,
        rules.floor_value,
        rules.full_value,
        {{ add_months("months.stat_month", "1 - rules.window_months") }} as window_from
    from {{ ref("dim_month") }} as months
    inner join {{ ref("churn_model") }} as models
        on {{ holds_in("models", "months.stat_month") }}
    inner join {{ ref("churn_model_factor") }} as rules
        on models.model = rules.model and {{ holds_in("rules", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
),

lost_members as (
    select stat_month, group_id, left_network_member_cnt
    from {{ ref("fct_group_customer_month") }}
    where {{ in_reach("stat_month", reach) }} and left_network_member_cnt > 0
),

complaints as (
    select stat_month, group_id
    from {{ ref("fct_complaint") }}
    where
        {{ in_reach("stat_month", reach) }}
        and complainant_type = 'group'
        and is_received_in_month
),

given_up as (
    select
        instances.stat_month,
        instances.group_id,
        sum(
            case
                when
                    instances.end_reason in ('to_competitor', 'unsatisfied')
                    and instances.ended_on between rules.window_from and rules.month_end_on
                    then 1
                else 0
            end
        ) as given_up_cnt,
        sum(case when instances.is_in_use then 1 else 0 end) as in_use_cnt
    from {{ ref("fct_product_instance") }} as instances
    inner join rules
        on instances.stat_month = rules.stat_month and rules.factor = 'products_given_up'
    where {{ in_months("instances.stat_month") }}
    group by instances.stat_month, instances.group_id
),

measured as (
    select
        stat_month,
        group_id,
        'usage_fall' as factor,
        cast(fall_share as numeric(18, 8)) as factor_value
    from {{ ref("int_group_month__fall") }}
    where {{ in_months("stat_month") }}
    union all
    select
        stat_month,
        group_id,
        'products_given_up' as factor,
        cast(1.0 * given_up_cnt / nullif(given_up_cnt + in_use_cnt, 0) as numeric(18, 8))
            as factor_value
    from given_up
    union all
    select
        stat_month,
        group_id,
        'arrears' as factor,
        cast(overdue_days_max as numeric(18, 8)) as factor_value
    from customers
    union all
    select
        stat_month,
        group_id,
        'key_person_change' as factor,
        cast(count(*) as numeric(18, 8)) as factor_value
    from {{ ref("int_key_person__unfollowed") }}
    where {{ in_months("stat_month") }}
    group by stat_month, group_id
    union all
    select
        customers.stat_month,
        customers.group_id,
        'members_lost' as factor,
        cast(
            1.0 * sum(lost_members.left_network_member_cnt)
            / (sum(lost_members.left_network_member_cnt) + max(customers.own_member_cnt))
            as numeric(18, 8)
        ) as factor_value
    from customers
    inner join rules
        on customers.stat_month = rules.stat_month and rules.factor = 'members_lost'
    inner join lost_members
        on
            customers.group_id = lost_members.group_id
            and lost_members.stat_month between rules.window_from and customers.stat_month
    group by customers.stat_month, customers.group_id
    union all
    select
        stat_month,
        group_id,
        'competitor_share' as factor,
        cast(
            competitor_spend_amt / nullif(competitor_spend_amt + greatest(revenue_amt, 0), 0)
            as numeric(18, 8)
        ) as factor_value
    from customers
    union all
    select
        customers.stat_month,
        customers.group_id,
        'complaints' as factor,
        cast(count(*) as numeric(18, 8)) as factor_value
    from customers
    inner join rules
        on customers.stat_month = rules.stat_month and rules.factor = 'complaints'
    inner join complaints
        on
            customers.group_id = complaints.group_id
            and complaints.stat_month between rules.window_from and customers.stat_month
    group by customers.stat_month, customers.group_id
    union all
    select
        stat_month,
        group_id,
        'loose_binding' as factor,
        cast(binding_points as numeric(18, 8)) as factor_value
    from {{ ref("int_group_month__binding") }}
    where {{ in_months("stat_month") }}
    union all
    select
        stat_month,
        group_id,
        'contract_ending' as factor,
        cast(contract_left_days_max as numeric(18, 8)) as factor_value
    from customers
),

final as (
    select
        customers.stat_month,
        customers.group_id,
        rules.model,
        rules.factor,
        measured.factor_value,
        cast(
            coalesce(
                rules.max_points
                * {{ clip(
                    "(measured.factor_value - rules.floor_value)"
                    " / (rules.full_value - rules.floor_value)", 0, 1
                ) }},
                0
            ) as numeric(18, 8)
        ) as points
    from customers
    inner join rules
        on customers.stat_month = rules.stat_month
    left join measured
        on
            customers.stat_month = measured.stat_month
            and customers.group_id = measured.group_id
            and rules.factor = measured.factor
)

select * from final
