-- grain: one row per device and day
select
    cast(_period as date) as stat_month,
    device_id,
    business_date,
    outlet_id,
    device_type,
    planned_min,
    up_min,
    busy_min,
    transaction_cnt,
    payment_amt,
    fault_cnt,
    _load_id as load_id
from {{ source('raw', 'echannel__device_status') }}
