-- grain: one row per porting
select
    cast(_period as date) as stat_month,
    port_id,
    direction,
    subscriber_id,
    group_id,
    other_operator,
    requested_at,
    ported_at,
    area_id,
    _load_id as load_id
from {{ source('raw', 'competitor__ported_number') }}
