-- grain: one row per business month and recharge, in the month it was made
select
    cast(_period as date) as stat_month,
    recharge_id,
    subscriber_id,
    recharged_at,
    recharge_amt,
    recharge_channel,
    _load_id as load_id
from {{ source('raw', 'boss__recharge') }}
