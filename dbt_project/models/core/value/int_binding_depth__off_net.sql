-- grain: one row per business month and depth of binding that customers had in earlier months
--
-- What was observed: of the active customers of the earlier months whose following months are
-- complete, how many were no customers any more off_net_horizon_months later.
{%- set reach = 12 %}
with depths as (
    select stat_month, group_id, binding_depth
    from {{ ref("int_group_month__binding") }}
    where {{ in_reach("stat_month", reach) }}
),

-- months that have customers: nobody left because a month is missing or still to come
there as (
    select distinct stat_month from depths
),

months as (
    select
        months.stat_month,
        {{ add_months("months.stat_month", "-cast(horizon.value as integer)") }} as followed_to,
        {{ add_months("months.stat_month", "-cast(span.value as integer)") }} as followed_from,
        cast(horizon.value as integer) as horizon_months,
        least_cnt.value as min_observed_cnt
    from there as months
    inner join {{ ref("customer_value_rule") }} as horizon
        on
            {{ holds_in("horizon", "months.stat_month") }}
            and horizon.parameter = 'off_net_horizon_months'
    inner join {{ ref("customer_value_rule") }} as span
        on
            {{ holds_in("span", "months.stat_month") }}
            and span.parameter = 'off_net_window_months'
    inner join {{ ref("customer_value_rule") }} as least_cnt
        on
            {{ holds_in("least_cnt", "months.stat_month") }}
            and least_cnt.parameter = 'off_net_min_observed_cnt'
    where {{ in_months("months.stat_month") }}
),

followed as (
    select
        months.stat_month,
        months.min_observed_cnt,
        depths.group_id,
        depths.binding_depth,
        {{ add_months("depths.stat_month", "months.horizon_months") }} as later_month
    from months
    inner join depths
        on depths.stat_month between months.followed_from and months.followed_to
),

observed as (
    select
        followed.stat_month,
        followed.binding_depth,
        followed.min_observed_cnt,
        count(*) as observed_cnt,
        sum(case when later.group_id is null then 1 else 0 end) as left_cnt
    from followed
    inner join there
        on followed.later_month = there.stat_month
    left join depths as later
        on followed.later_month = later.stat_month and followed.group_id = later.group_id
    group by followed.stat_month, followed.binding_depth, followed.min_observed_cnt
),

final as (
    select
        stat_month,
        binding_depth,
        cast(observed_cnt as integer) as observed_cnt,
        cast(left_cnt as integer) as left_cnt,
        cast(
            case when observed_cnt >= min_observed_cnt then 1.0 * left_cnt / observed_cnt end
            as numeric(18, 8)
        ) as off_net_probability
    from observed
)

select * from final
