-- grain: one row per person and sitting of a certification exam
with exams as (
    select * from {{ ref("stg_training__exam") }}
),

staff as (
    select * from {{ ref("dim_staff") }}
),

final as (
    select
        exams.stat_month,
        exams.exam_result_id,
        exams.staff_id,
        staff.org_unit_id,
        exams.exam_code,
        exams.certificate_kind,
        exams.taken_at,
        exams.attempt_no,
        exams.score,
        exams.pass_score,
        exams.result,
        exams.result <> 'absent' as is_taken,
        exams.result = 'passed' as is_passed,
        exams.renews_certificate_id is not null as is_renewal,
        exams.renews_certificate_id
    from exams
    left join staff
        on exams.stat_month = staff.stat_month and exams.staff_id = staff.staff_id
)

select * from final
