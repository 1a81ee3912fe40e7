-- grain: one row per business month and channel: an outlet, or an electronic, direct or partner one
--
-- Outlets and partners come from their lists; electronic and direct channels have no list and are
-- there in every month that has an organisation.
with outlets as (
    select * from {{ ref("stg_channel__outlet") }}
    where {{ in_months("stat_month") }}
),

partner_orders as (
    select * from {{ ref("stg_si__partner_order") }}
    where {{ in_months("stat_month") }}
),

org_months as (
    select distinct stat_month
    from {{ ref("stg_hr__org_unit") }}
    where {{ in_months("stat_month") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

types as (
    select * from {{ ref("channel_type") }}
),

-- how many outlets stand between the company and this one
supplied as (
    select
        outlet.stat_month,
        outlet.outlet_id,
        case
            when outlet.parent_outlet_id is null then 0
            when up1.parent_outlet_id is null then 1
            when up2.parent_outlet_id is null then 2
            else 3
        end as supply_tier_cnt
    from outlets as outlet
    left join outlets as up1
        on
            outlet.stat_month = up1.stat_month
            and outlet.parent_outlet_id = up1.outlet_id
    left join outlets as up2
        on up1.stat_month = up2.stat_month and up1.parent_outlet_id = up2.outlet_id
),

partners as (
    select
        stat_month,
        partner_code as channel_id,
        max(partner_name) as channel_name
    from partner_orders
    group by stat_month, partner_code
),

unlisted as (
    select
        org_months.stat_month,
        types.channel_type as channel_id,
        types.name_zh as channel_name,
        types.channel_type
    from org_months
    cross join types
    where types.channel_class in ('electronic', 'direct')
    union all
    select
        stat_month,
        channel_id,
        channel_name,
        'si_partner' as channel_type
    from partners
),

final as (
    select
        outlets.stat_month,
        outlets.outlet_id as channel_id,
        outlets.outlet_name as channel_name,
        types.channel_class,
        outlets.outlet_type as channel_type,
        true as is_outlet,
        coalesce(types.channel_class = 'own', false) as is_own_hall,
        outlets.dealer_id,
        outlets.parent_outlet_id,
        supplied.supply_tier_cnt,
        outlets.area_id,
        outlets.channel_manager_id,
        outlets.hall_grade,
        outlets.has_regional_centre,
        outlets.village_name,
        outlets.address is not null as has_address,
        outlets.contact_number is not null as has_contact_number,
        outlets.space_sqm,
        outlets.counter_cnt,
        outlets.standard_staff_cnt,
        outlets.opened_on,
        outlets.closed_on,
        outlets.opened_on <= months.month_end_on
        and (outlets.closed_on is null or outlets.closed_on > months.month_end_on) as is_open,
        outlets.updated_on,
        {{ elapsed_days("outlets.updated_on", "months.month_end_on") }} as days_since_update_cnt
    from outlets
    inner join months
        on outlets.stat_month = months.stat_month
    inner join supplied
        on
            outlets.stat_month = supplied.stat_month
            and outlets.outlet_id = supplied.outlet_id
    left join types
        on outlets.outlet_type = types.channel_type
    union all
    select
        unlisted.stat_month,
        unlisted.channel_id,
        unlisted.channel_name,
        types.channel_class,
        unlisted.channel_type,
        false as is_outlet,
        false as is_own_hall,
        null as dealer_id,
        null as parent_outlet_id,
        0 as supply_tier_cnt,
        null as area_id,
        null as channel_manager_id,
        null as hall_grade,
        false as has_regional_centre,
        null as village_name,
        false as has_address,
        false as has_contact_number,
        null as space_sqm,
        null as counter_cnt,
        null as standard_staff_cnt,
        null as opened_on,
        null as closed_on,
        true as is_open,
        null as updated_on,
        null as days_since_update_cnt
    from unlisted
    inner join types
        on unlisted.channel_type = types.channel_type
)

select * from final
