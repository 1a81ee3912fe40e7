-- grain: one row per person and exam sitting
select
    cast(_period as date) as stat_month,
    exam_result_id,
    staff_id,
    exam_code,
    certificate_kind,
    taken_at,
    attempt_no,
    score,
    pass_score,
    result,
    renews_certificate_id,
    _load_id as load_id
from {{ source('raw', 'training__exam') }}
