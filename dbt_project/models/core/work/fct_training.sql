-- grain: one row per participant and training session
with attendances as (
    select * from {{ ref("stg_training__attendance") }}
),

staff as (
    select * from {{ ref("dim_staff") }}
),

final as (
    select
        attendances.stat_month,
        attendances.attendance_id,
        attendances.course_code,
        attendances.course_kind,
        attendances.programme,
        attendances.need_source,
        attendances.held_on,
        attendances.staff_id,
        staff.org_unit_id,
        attendances.outlet_id,
        channel.dealer_id,
        channel.area_id,
        attendances.trainer_staff_id,
        attendances.trainer_staff_id is not null as is_own_trainer,
        attendances.delivery,
        attendances.planned_hours,
        attendances.attended_hours,
        attendances.attended_hours > 0 as is_attended,
        attendances.test_score,
        attendances.course_rating,
        attendances.cost_amt
    from attendances
    left join staff
        on
            attendances.stat_month = staff.stat_month
            and attendances.staff_id = staff.staff_id
    {{ outlet_join("attendances") }}
)

select * from final
