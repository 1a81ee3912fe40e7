-- grain: one row per subscriber, electronic channel and month
select
    cast(_period as date) as stat_month,
    subscriber_id,
    channel,
    login_cnt,
    transaction_cnt,
    payment_cnt,
    has_service_password,
    registered_on,
    referrer_outlet_id,
    _load_id as load_id
from {{ source('raw', 'echannel__user_month') }}
