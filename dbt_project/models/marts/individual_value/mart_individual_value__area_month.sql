-- grain: one row per business month and area of the organisation
with areas as (
    select * from {{ ref("dim_org_unit") }}
    where {{ in_months("stat_month") }} and level = 'area'
),

territory as (
    select * from {{ ref("int_subscriber_month__territory") }}
    where {{ in_months("stat_month") }}
),

-- an estimate is made each quarter and holds until the next
markets as (
    {{ surveys_of(ref("fct_area_market"), "estimated_on") }}
),

assigned as (
    select
        stat_month,
        area_id,
        count(*) as subscriber_cnt,
        sum(case when home_area_id is not null then 1 else 0 end) as home_known_cnt,
        sum(case when home_area_id <> area_id then 1 else 0 end) as living_elsewhere_cnt
    from territory
    group by stat_month, area_id
),

guests as (
    select
        stat_month,
        home_area_id as area_id,
        count(*) as living_here_cnt
    from territory
    where home_area_id <> area_id
    group by stat_month, home_area_id
),

joined as (
    select
        areas.stat_month,
        areas.org_unit_id as area_id,
        -- an area is nobody's customer
        '-' as account_manager_id,
        assigned.subscriber_cnt,
        assigned.home_known_cnt,
        assigned.living_elsewhere_cnt,
        guests.living_here_cnt,
        markets.population_cnt,
        markets.household_cnt,
        markets.market_line_cnt,
        markets.own_line_cnt,
        markets.other_line_cnt,
        markets.estimated_on
    from areas
    left join assigned
        on areas.stat_month = assigned.stat_month and areas.org_unit_id = assigned.area_id
    left join guests
        on areas.stat_month = guests.stat_month and areas.org_unit_id = guests.area_id
    left join markets
        on areas.stat_month = markets.holds_in_month and areas.org_unit_id = markets.area_id
),

final as (
    select
        joined.stat_month,
        {{- placement("joined") }},
        {%- for name in [
            "subscriber_cnt", "home_known_cnt", "living_elsewhere_cnt", "living_here_cnt",
        ] %}
        cast(coalesce(joined.{{ name }}, 0) as integer) as {{ name }},
        {%- endfor %}
        joined.population_cnt,
        joined.household_cnt,
        joined.market_line_cnt,
        joined.own_line_cnt,
        joined.other_line_cnt,
        joined.population_cnt - joined.own_line_cnt as potential_cnt,
        joined.estimated_on
    from joined
    {{- placement_joins("joined", "joined.stat_month") }}
)

select * from final
