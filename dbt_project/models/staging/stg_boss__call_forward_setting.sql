-- grain: one row per setting of call forwarding
select
    cast(_period as date) as stat_month,
    setting_id,
    subscriber_id,
    forward_type,
    target_network,
    target_hash,
    set_at,
    cancelled_at,
    set_channel,
    _load_id as load_id
from {{ source('raw', 'boss__call_forward_setting') }}
