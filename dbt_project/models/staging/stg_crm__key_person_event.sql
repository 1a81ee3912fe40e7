-- grain: one row per event
select
    cast(_period as date) as stat_month,
    event_id,
    key_person_id,
    group_id,
    event_at,
    event_kind,
    work_step,
    staff_id,
    result,
    replaces_person_id,
    _load_id as load_id
from {{ source('raw', 'crm__key_person_event') }}
