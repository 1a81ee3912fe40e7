-- grain: one row per outlet and day with recharges
select
    cast(_period as date) as stat_month,
    outlet_id,
    business_date,
    recharge_cnt,
    recharge_amt,
    customer_cnt,
    failed_cnt,
    stock_balance_amt,
    _load_id as load_id
from {{ source('raw', 'recharge__air_recharge') }}
