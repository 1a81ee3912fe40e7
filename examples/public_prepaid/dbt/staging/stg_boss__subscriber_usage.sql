-- grain: one row per business month and subscriber on net at some time of the month
select
    stat_month,
    subscriber_id,
    cast(voice_out_min as numeric(12, 2)) as voice_out_min,
    cast(voice_in_min as numeric(12, 2)) as voice_in_min,
    cast(voice_offnet_min as numeric(12, 2)) as voice_offnet_min,
    cast(voice_long_distance_min as numeric(12, 2)) as voice_long_distance_min,
    cast(voice_roaming_min as numeric(12, 2)) as voice_roaming_min,
    -- not in the file: 0, which no rule takes for a sign
    0 as sms_cnt,
    cast(data_mb as numeric(14, 2)) as data_mb,
    0 as call_forward_cnt,
    0 as active_days,
    load_id
from {{ ref("stg_prepaid__subscriber_month") }}
