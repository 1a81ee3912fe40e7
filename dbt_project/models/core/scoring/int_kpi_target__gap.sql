-- grain: one row per business month, KPI and scope whose additive target was broken down
--
-- Whether the parts add up to the whole. A difference is reported here; the targets stay as set.
with targets as (
    select * from {{ ref("fct_kpi_target") }}
    where is_additive
),

broken_down as (
    select
        stat_month,
        kpi_code,
        parent_scope_type as scope_type,
        parent_scope_id as scope_id,
        sum(target_value) as children_target_value,
        count(*) as children_cnt
    from targets
    where parent_scope_id is not null
    group by stat_month, kpi_code, parent_scope_type, parent_scope_id
),

final as (
    select
        broken_down.stat_month,
        broken_down.kpi_code,
        broken_down.scope_type,
        broken_down.scope_id,
        targets.target_value,
        cast(broken_down.children_target_value as numeric(20, 4)) as children_target_value,
        cast(broken_down.children_cnt as integer) as children_cnt,
        cast(
            targets.target_value - broken_down.children_target_value as numeric(20, 4)
        ) as gap_value,
        case
            when targets.target_value is null then 'no_parent'
            when targets.target_value = broken_down.children_target_value then 'balanced'
            else 'gap'
        end as gap_state
    from broken_down
    left join targets
        on
            broken_down.stat_month = targets.stat_month
            and broken_down.kpi_code = targets.kpi_code
            and broken_down.scope_type = targets.scope_type
            and broken_down.scope_id = targets.scope_id
)

select * from final
