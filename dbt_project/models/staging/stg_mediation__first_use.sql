-- grain: one row per number first used in the month
select
    cast(_period as date) as stat_month,
    subscriber_id,
    first_used_at,
    area_id,
    first_use_type,
    is_outside_province,
    device_type_code,
    device_hash,
    _load_id as load_id
from {{ source('raw', 'mediation__first_use') }}
