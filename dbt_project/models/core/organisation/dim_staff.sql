-- grain: one row per business month and staff member
with final as (
    select
        stat_month,
        staff_id,
        staff_name,
        staff_name_en,
        post,
        org_unit_id,
        hired_on,
        is_active
    from {{ ref("stg_hr__staff") }}
    where {{ in_months("stat_month") }}
)

select * from final
