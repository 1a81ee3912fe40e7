-- grain: one row per subscriber, way of splitting and destination
select
    cast(_period as date) as stat_month,
    subscriber_id,
    split_type,
    destination_code,
    voice_min,
    call_cnt,
    called_number_cnt,
    active_days,
    _load_id as load_id
from {{ source('raw', 'mediation__usage_destination') }}
