-- grain: one row per outlet, inspection and item
select
    cast(_period as date) as stat_month,
    outlet_id,
    inspection_id,
    item,
    process_area,
    inspected_at,
    max_score,
    score,
    inspector,
    finding,
    _load_id as load_id
from {{ source('raw', 'survey__inspection_item') }}
