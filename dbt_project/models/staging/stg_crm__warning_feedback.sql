-- grain: one row per warning sent
select
    cast(_period as date) as stat_month,
    feedback_id,
    subscriber_id,
    warning_phase,
    warned_at,
    staff_id,
    acknowledged_at,
    action_code,
    acted_at,
    outcome_code,
    closed_at,
    _load_id as load_id
from {{ source('raw', 'crm__warning_feedback') }}
