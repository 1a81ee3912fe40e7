-- grain: one row per visit and item
select
    cast(_period as date) as stat_month,
    check_id,
    outlet_id,
    channel_manager_id,
    checked_at,
    item,
    result,
    card_stock_cnt,
    material_cnt,
    competitor_shelf_rate,
    corrected_on,
    _load_id as load_id
from {{ source('raw', 'channel__outlet_check') }}
