-- grain: one row per opportunity, step and month in which it was under way
select
    cast(_period as date) as stat_month,
    opportunity_id,
    stage,
    step,
    step_no,
    staff_id,
    order_id,
    started_at,
    ended_at,
    result,
    _load_id as load_id
from {{ source('raw', 'crm__opportunity_step') }}
