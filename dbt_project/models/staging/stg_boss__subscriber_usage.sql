-- grain: one row per business month and subscriber with use of the network
select
    cast(_period as date) as stat_month,
    subscriber_id,
    voice_out_min,
    voice_in_min,
    voice_offnet_min,
    voice_long_distance_min,
    voice_roaming_min,
    sms_cnt,
    data_mb,
    call_forward_cnt,
    active_days,
    _load_id as load_id
from {{ source('raw', 'boss__subscriber_usage') }}
