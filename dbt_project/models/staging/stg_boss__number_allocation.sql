-- grain: one row per batch and dealer
select
    cast(_period as date) as stat_month,
    batch_id,
    dealer_id,
    allocated_on,
    allocation_mode,
    requested_cnt,
    number_cnt,
    premium_number_cnt,
    _load_id as load_id
from {{ source('raw', 'boss__number_allocation') }}
