-- grain: one row per business month and subscriber on net at its end
--
-- What tells of an area is asked in the order of territory_rule; an area counts only where the
-- organisation of the month has it.
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }} and is_on_net
),

areas as (
    select * from {{ ref("dim_org_unit") }}
    where {{ in_months("stat_month") }} and level = 'area'
),

rules as (
    select
        months.stat_month,
        rule.basis,
        rule.precedence,
        rule.min_night_days
    from {{ ref("dim_month") }} as months
    inner join {{ ref("territory_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
),

-- of areas with as many nights the one with more days, then the first by number
stays as (
    select
        used.stat_month,
        used.subscriber_id,
        used.used_area_id as area_id,
        row_number() over (
            partition by used.stat_month, used.subscriber_id
            order by used.night_days desc, used.active_days desc, used.used_area_id
        ) as place
    from {{ ref("fct_usage_area") }} as used
    inner join areas
        on used.stat_month = areas.stat_month and used.used_area_id = areas.org_unit_id
    inner join rules
        on
            used.stat_month = rules.stat_month
            and rules.basis = 'home_cell'
            and used.night_days >= rules.min_night_days
    where {{ in_months("used.stat_month") }}
),

homes as (
    select * from stays
    where place = 1
),

known as (
    select
        facts.stat_month,
        facts.subscriber_id,
        areas.org_unit_id as assigned_area_id,
        homes.area_id as home_area_id,
        assigned.precedence as assigned_precedence,
        home_cell.precedence as home_cell_precedence
    from facts
    left join areas
        on facts.stat_month = areas.stat_month and facts.area_id = areas.org_unit_id
    left join homes
        on facts.stat_month = homes.stat_month and facts.subscriber_id = homes.subscriber_id
    left join rules as assigned
        on facts.stat_month = assigned.stat_month and assigned.basis = 'assigned'
    left join rules as home_cell
        on facts.stat_month = home_cell.stat_month and home_cell.basis = 'home_cell'
),

based as (
    select
        known.*,
        case
            when
                assigned_area_id is not null
                and (home_area_id is null or assigned_precedence < home_cell_precedence)
                then 'assigned'
            when home_area_id is not null then 'home_cell'
            else 'none'
        end as basis
    from known
),

final as (
    select
        stat_month,
        subscriber_id,
        case basis
            when 'assigned' then assigned_area_id
            when 'home_cell' then home_area_id
            else '-'
        end as area_id,
        basis,
        home_area_id
    from based
)

select * from final
