-- grain: one row per subscriber and area
select
    cast(_period as date) as stat_month,
    subscriber_id,
    area_id,
    active_days,
    night_days,
    voice_min,
    data_mb,
    cell_cnt,
    is_rural,
    _load_id as load_id
from {{ source('raw', 'mediation__usage_area') }}
