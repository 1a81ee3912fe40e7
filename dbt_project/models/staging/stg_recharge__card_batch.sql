-- grain: one row per batch and month
select
    cast(_period as date) as stat_month,
    batch_id,
    outlet_id,
    card_type,
    selling_area_id,
    issued_on,
    issued_cnt,
    sold_cnt,
    activated_cnt,
    returned_cnt,
    stock_cnt,
    _load_id as load_id
from {{ source('raw', 'recharge__card_batch') }}
