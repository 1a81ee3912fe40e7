-- grain: one row per call
select
    cast(_period as date) as stat_month,
    call_id,
    subscriber_id,
    purpose,
    campaign_id,
    agent_no,
    called_at,
    result,
    talk_seconds,
    product_id,
    satisfaction_score,
    _load_id as load_id
from {{ source('raw', 'echannel__outbound_call') }}
