-- grain: one row per account manager and month
select
    cast(_period as date) as stat_month,
    staff_id,
    grade,
    graded_on,
    last_result,
    next_eligible_on,
    required_certificate,
    customer_type,
    responsibility_signed_on,
    awareness_floor,
    satisfaction_floor,
    authority_limit_amt,
    reward_amt,
    penalty_amt,
    supervisor_staff_id,
    _load_id as load_id
from {{ source('raw', 'hr__manager_rating') }}
