-- grain: one row per visit and month in which it changed
select
    cast(_period as date) as stat_month,
    visit_id,
    staff_id,
    group_id,
    key_person_id,
    visit_type,
    contact_mode,
    purpose,
    moment_code,
    planned_at,
    state,
    checked_in_at,
    checked_out_at,
    travel_min,
    feedback,
    feedback_at,
    need_type,
    issue_kind,
    issue_closed_on,
    cost_amt,
    _load_id as load_id
from {{ source('raw', 'crm__visit') }}
