-- grain: one row per rating asked for
select
    cast(_period as date) as stat_month,
    rating_id,
    subscriber_id,
    rated_type,
    outlet_id,
    staff_id,
    account_manager_id,
    asked_at,
    answered_at,
    score,
    _load_id as load_id
from {{ source('raw', 'survey__sms_rating') }}
