-- grain: one row per account manager, skill and month
select
    cast(_period as date) as stat_month,
    staff_id,
    skill,
    half_year,
    assessed_on,
    self_score,
    supervisor_score,
    customer_score,
    target_score,
    assessor_staff_id,
    _load_id as load_id
from {{ source('raw', 'hr__capability_score') }}
