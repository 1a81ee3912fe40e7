-- grain: one row per number activated
select
    cast(_period as date) as stat_month,
    subscriber_id,
    batch_id,
    outlet_id,
    dealer_id,
    sold_on,
    activated_at,
    selling_area_id,
    first_use_area_id,
    preloaded_amt,
    _load_id as load_id
from {{ source('raw', 'recharge__card_activation') }}
