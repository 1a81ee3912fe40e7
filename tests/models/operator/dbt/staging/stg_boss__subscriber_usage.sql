select
    _period as stat_month,
    number as subscriber_id,
    minutes as voice_out_min,
    cast(0 as numeric(12, 2)) as voice_in_min,
    cast(0 as numeric(12, 2)) as voice_offnet_min,
    cast(0 as numeric(12, 2)) as voice_long_distance_min,
    cast(0 as numeric(12, 2)) as voice_roaming_min,
    0 as sms_cnt,
    cast(0 as numeric(14, 2)) as data_mb,
    0 as call_forward_cnt,
    30 as active_days,
    cast(1 as bigint) as load_id
from {{ source('raw', 'wide__customer') }}
