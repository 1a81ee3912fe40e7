-- grain: one row per business month, area and operator, own one included
--
-- Lines come from the market estimate of the area, outlets and how well they serve from the census.
with areas as (
    select * from {{ ref("stg_market__area") }}
),

census as (
    select * from {{ ref("stg_competitor__outlet_census") }}
),

lines as (
    select stat_month, area_id, 'own' as operator, own_line_cnt as line_cnt
    from areas
    union all
    select stat_month, area_id, 'op_b' as operator, op_b_line_cnt as line_cnt
    from areas
    union all
    select stat_month, area_id, 'op_c' as operator, op_c_line_cnt as line_cnt
    from areas
),

both_sources as (
    select stat_month, area_id, operator from lines
    union
    select stat_month, area_id, operator from census
),

final as (
    select
        both_sources.stat_month,
        both_sources.area_id,
        both_sources.operator,
        both_sources.operator = 'own' as is_own,
        coalesce(lines.line_cnt, 0) as line_cnt,
        coalesce(census.hall_cnt, 0) as hall_cnt,
        coalesce(census.exclusive_cnt, 0) as exclusive_cnt,
        coalesce(census.agent_cnt, 0) as agent_cnt,
        coalesce(census.hall_cnt, 0)
        + coalesce(census.exclusive_cnt, 0)
        + coalesce(census.agent_cnt, 0) as outlet_cnt,
        coalesce(census.visit_cnt, 0) as visit_cnt,
        -- the scores weigh as many visits as stand behind them
        cast(coalesce(census.mystery_score * census.visit_cnt, 0) as numeric(18, 2))
            as mystery_score_sum,
        cast(coalesce(census.wait_min * census.visit_cnt, 0) as numeric(18, 2)) as wait_min_sum,
        census.mystery_score,
        census.surveyed_on
    from both_sources
    left join lines
        on
            both_sources.stat_month = lines.stat_month
            and both_sources.area_id = lines.area_id
            and both_sources.operator = lines.operator
    left join census
        on
            both_sources.stat_month = census.stat_month
            and both_sources.area_id = census.area_id
            and both_sources.operator = census.operator
)

select * from final
