-- grain: one row per business month, area and operator
--
-- A census is taken each quarter and holds until the next.
with census as (
    {{ surveys_of(ref("fct_operator_area"), "surveyed_on") }}
),

sides as (
    select
        holds_in_month as stat_month,
        area_id,
        operator,
        is_own,
        hall_cnt,
        exclusive_cnt,
        agent_cnt,
        outlet_cnt,
        visit_cnt,
        mystery_score,
        mystery_score_sum,
        surveyed_on,
        -- outlets belong to a place, not to the customers of one account manager
        '-' as account_manager_id
    from census
),

own as (
    select * from sides
    where is_own
),

-- like is compared with like: only where both were visited in the same area
compared as (
    select
        sides.*,
        coalesce(own.outlet_cnt, 0) as own_outlet_cnt,
        not sides.is_own
        and sides.mystery_score is not null
        and own.mystery_score is not null as is_compared,
        (own.mystery_score - sides.mystery_score) * sides.visit_cnt as score_gap_sum
    from sides
    left join own
        on sides.stat_month = own.stat_month and sides.area_id = own.area_id
),

final as (
    select
        compared.stat_month,
        {{- placement("compared") }},
        compared.operator,
        names.name_zh as operator_name,
        names.name_en as operator_name_en,
        cast(compared.hall_cnt as integer) as hall_cnt,
        cast(compared.exclusive_cnt as integer) as exclusive_cnt,
        cast(compared.agent_cnt as integer) as agent_cnt,
        cast(compared.outlet_cnt as integer) as outlet_cnt,
        cast(compared.own_outlet_cnt as integer) as own_outlet_cnt,
        cast(compared.visit_cnt as integer) as visit_cnt,
        cast(compared.mystery_score_sum as numeric(18, 2)) as service_score_sum,
        cast(case when compared.is_compared then compared.visit_cnt else 0 end as integer)
            as compared_visit_cnt,
        cast(
            case when compared.is_compared then compared.score_gap_sum else 0 end as numeric(18, 2)
        ) as score_gap_sum,
        compared.surveyed_on
    from compared
    {{- placement_joins("compared", "compared.stat_month") }}
    left join {{ ref("code_name") }} as names
        on names.code_set = 'operator' and compared.operator = names.code
)

select * from final
