-- grain: one row per certificate and month
select
    cast(_period as date) as stat_month,
    certificate_id,
    staff_id,
    certificate_kind,
    issued_on,
    expires_on,
    state,
    exam_result_id,
    issuer,
    _load_id as load_id
from {{ source('raw', 'training__certificate') }}
