-- grain: one row per business month and whatever can be scored: unit, staff member, outlet, dealer
with staff as (
    select * from {{ ref("stg_hr__staff") }}
),

ratings as (
    select * from {{ ref("stg_hr__manager_rating") }}
),

scopes as (
    select
        stat_month,
        level as scope_type,
        org_unit_id as scope_id,
        org_unit_name as scope_name,
        level as scope_kind,
        'none' as scope_grade,
        org_unit_id,
        true as is_active
    from {{ ref("dim_org_unit") }}
    union all
    select
        staff.stat_month,
        'staff' as scope_type,
        staff.staff_id as scope_id,
        staff.staff_name as scope_name,
        staff.post as scope_kind,
        coalesce(ratings.grade, 'none') as scope_grade,
        staff.org_unit_id,
        staff.is_active
    from staff
    left join ratings
        on staff.stat_month = ratings.stat_month and staff.staff_id = ratings.staff_id
    union all
    select
        stat_month,
        'outlet' as scope_type,
        outlet_id as scope_id,
        outlet_name as scope_name,
        outlet_type as scope_kind,
        coalesce(hall_grade, 'none') as scope_grade,
        area_id as org_unit_id,
        -- open at the end of the month
        coalesce(closed_on > cast({{ dbt.last_day("stat_month", "month") }} as date), true)
            as is_active
    from {{ ref("stg_channel__outlet") }}
    union all
    select
        stat_month,
        'dealer' as scope_type,
        dealer_id as scope_id,
        dealer_name as scope_name,
        'dealer' as scope_kind,
        core_list as scope_grade,
        area_id as org_unit_id,
        status = 'active' as is_active
    from {{ ref("stg_channel__dealer") }}
),

final as (
    select
        scopes.stat_month,
        scopes.scope_type,
        scopes.scope_id,
        scopes.scope_name,
        scopes.scope_kind,
        scopes.scope_grade,
        scopes.org_unit_id,
        org.province_id,
        org.city_id,
        org.county_id,
        org.area_id,
        scopes.is_active
    from scopes
    left join {{ ref("dim_org_unit") }} as org
        on scopes.stat_month = org.stat_month and scopes.org_unit_id = org.org_unit_id
)

select * from final
