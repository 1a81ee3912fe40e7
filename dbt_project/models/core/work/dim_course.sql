-- grain: one row per course, as of its latest session
with sessions as (
    select
        course_code,
        course_name,
        course_kind,
        planned_hours,
        held_on,
        row_number() over (
            partition by course_code
            order by held_on desc, attendance_id desc
        ) as nth
    from {{ ref("stg_training__attendance") }}
),

final as (
    select
        course_code,
        course_name,
        course_kind,
        planned_hours,
        held_on as last_held_on
    from sessions
    where nth = 1
)

select * from final
