-- grain: one row per business month and status event, in the month it happened
select
    cast(_period as date) as stat_month,
    event_id,
    subscriber_id,
    event_at,
    event_type,
    event_reason,
    _load_id as load_id
from {{ source('raw', 'boss__status_event') }}
