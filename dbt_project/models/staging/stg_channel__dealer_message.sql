-- grain: one row per message or call
select
    cast(_period as date) as stat_month,
    message_id,
    outlet_id,
    dealer_id,
    direction,
    subject,
    sent_at,
    delivered_at,
    read_at,
    answered_at,
    _load_id as load_id
from {{ source('raw', 'channel__dealer_message') }}
