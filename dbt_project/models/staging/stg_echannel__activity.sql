-- grain: one row per day, electronic channel and kind of transaction
select
    cast(_period as date) as stat_month,
    business_date,
    channel,
    transaction_type,
    transaction_cnt,
    success_cnt,
    user_cnt,
    group_transaction_cnt,
    transaction_amt,
    _load_id as load_id
from {{ source('raw', 'echannel__activity') }}
