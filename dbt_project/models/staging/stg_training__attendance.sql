-- grain: one row per participant and session
select
    cast(_period as date) as stat_month,
    attendance_id,
    course_code,
    course_name,
    course_kind,
    programme,
    need_source,
    held_on,
    staff_id,
    outlet_id,
    trainer_staff_id,
    delivery,
    planned_hours,
    attended_hours,
    test_score,
    course_rating,
    cost_amt,
    _load_id as load_id
from {{ source('raw', 'training__attendance') }}
