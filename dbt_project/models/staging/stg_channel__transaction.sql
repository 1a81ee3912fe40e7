-- grain: one row per outlet, day, clerk or terminal, and kind of transaction
select
    cast(_period as date) as stat_month,
    outlet_id,
    business_date,
    staff_id,
    transaction_type,
    handling,
    transaction_cnt,
    transaction_amt,
    handling_min,
    _load_id as load_id
from {{ source('raw', 'channel__transaction') }}
