-- grain: one row per business month and area
with final as (
    select
        stat_month,
        area_id,
        population_cnt,
        household_cnt,
        village_cnt,
        covered_village_cnt,
        enterprise_cnt,
        market_line_cnt,
        own_line_cnt,
        market_line_cnt - own_line_cnt as other_line_cnt,
        estimated_on
    from {{ ref("stg_market__area") }}
)

select * from final
