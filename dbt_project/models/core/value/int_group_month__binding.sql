-- grain: one row per business month and active group customer
--
-- How deep the customer is bound: what could hold it back is measured, each measure gives points by
-- binding_depth_rule, and the points together are the depth.
with customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }} and is_active
),

rules as (
    select
        months.stat_month,
        rules.measure,
        rules.floor_value,
        rules.points
    from {{ ref("dim_month") }} as months
    inner join {{ ref("binding_depth_rule") }} as rules
        on {{ holds_in("rules", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
),

-- a contract may bind more lines than are in use
shares as (
    select
        customers.*,
        cast(
            coalesce(
                1.0 * bound_line_cnt / nullif(greatest(line_cnt, bound_line_cnt), 0), 0
            ) as numeric(18, 8)
        ) as bound_line_share
    from customers
),

measured as (
    select stat_month, group_id, 'bound_line_share' as measure, bound_line_share as measure_value
    from shares
    union all
    select
        stat_month,
        group_id,
        'contract_left_days' as measure,
        cast(contract_left_days_max as numeric(18, 8)) as measure_value
    from shares
    union all
    select
        stat_month,
        group_id,
        'integration_level' as measure,
        cast(integration_level_max as numeric(18, 8)) as measure_value
    from shares
),

banded as (
    select
        measured.stat_month,
        measured.group_id,
        measured.measure,
        max(rules.points) as points
    from measured
    inner join rules
        on
            measured.stat_month = rules.stat_month
            and measured.measure = rules.measure
            and measured.measure_value >= rules.floor_value
    group by measured.stat_month, measured.group_id, measured.measure
),

pointed as (
    select
        stat_month,
        group_id,
        sum(points) as binding_points
    from banded
    group by stat_month, group_id
),

deep as (
    select
        pointed.stat_month,
        pointed.group_id,
        pointed.binding_points,
        max(rules.points) as binding_depth
    from pointed
    inner join rules
        on
            pointed.stat_month = rules.stat_month
            and rules.measure = 'depth'
            and pointed.binding_points >= rules.floor_value
    group by pointed.stat_month, pointed.group_id, pointed.binding_points
),

final as (
    select
        shares.stat_month,
        shares.group_id,
        shares.bound_line_share,
        cast(shares.contract_left_days_max as integer) as contract_left_days,
        cast(shares.integration_level_max as integer) as integration_level,
        cast(deep.binding_points as integer) as binding_points,
        cast(deep.binding_depth as integer) as binding_depth
    from shares
    inner join deep
        on shares.stat_month = deep.stat_month and shares.group_id = deep.group_id
)

select * from final
