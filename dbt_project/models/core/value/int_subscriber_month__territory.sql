-- grain: one row per business month and subscriber on net at its end
--
-- What tells of an area is asked in the order of territory_rule; an area counts only where the
-- organisation of the month has it. An outlet stands where the list of the row's month has it, not
-- that of the sale: where areas are redrawn, outlets and their customers go along.
{%- set reach = 3 %}
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
        rule.min_night_days,
        rule.max_sale_months
    from {{ ref("dim_month") }} as months
    inner join {{ ref("territory_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where
        {{ in_months("months.stat_month") }}
        -- the calendar has months that nobody is on net in
        and months.stat_month in (select areas.stat_month from areas)
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

openings as (
    select
        stat_month,
        subscriber_id,
        opened_at,
        outlet_id
    from {{ ref("stg_boss__opening") }}
    where {{ in_reach("stat_month", reach) }}
),

-- the latest sale tells, if it was at an outlet
sales as (
    select
        rules.stat_month,
        openings.subscriber_id,
        openings.outlet_id,
        row_number() over (
            partition by rules.stat_month, openings.subscriber_id
            order by openings.stat_month desc, openings.opened_at desc
        ) as place
    from rules
    inner join openings
        on
            rules.basis = 'outlet'
            and openings.stat_month <= rules.stat_month
            and {{ add_months("openings.stat_month", "rules.max_sale_months") }} > rules.stat_month
),

sellers as (
    select
        sales.stat_month,
        sales.subscriber_id,
        outlets.area_id
    from sales
    inner join {{ ref("dim_channel") }} as outlets
        on
            sales.stat_month = outlets.stat_month
            and sales.outlet_id = outlets.channel_id
            and {{ in_months("outlets.stat_month") }}
    inner join areas
        on outlets.stat_month = areas.stat_month and outlets.area_id = areas.org_unit_id
    where sales.place = 1
),

known as (
    select
        facts.stat_month,
        facts.subscriber_id,
        areas.org_unit_id as assigned_area_id,
        homes.area_id as home_area_id,
        sellers.area_id as outlet_area_id,
        case when areas.org_unit_id is not null then assigned.precedence end
            as assigned_precedence,
        case when homes.area_id is not null then home_cell.precedence end
            as home_cell_precedence,
        case when sellers.area_id is not null then outlet.precedence end as outlet_precedence
    from facts
    left join areas
        on facts.stat_month = areas.stat_month and facts.area_id = areas.org_unit_id
    left join homes
        on facts.stat_month = homes.stat_month and facts.subscriber_id = homes.subscriber_id
    left join sellers
        on facts.stat_month = sellers.stat_month and facts.subscriber_id = sellers.subscriber_id
    {%- for basis in ["assigned", "home_cell", "outlet"] %}
    left join rules as {{ basis }}
        on facts.stat_month = {{ basis }}.stat_month and {{ basis }}.basis = '{{ basis }}'
    {%- endfor %}
),

based as (
    select
        known.*,
        -- least() passes over what is empty; precedences differ
        case least(assigned_precedence, home_cell_precedence, outlet_precedence)
            when assigned_precedence then 'assigned'
            when home_cell_precedence then 'home_cell'
            when outlet_precedence then 'outlet'
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
            when 'outlet' then outlet_area_id
            else '-'
        end as area_id,
        basis,
        home_area_id,
        outlet_area_id
    from based
)

select * from final
