-- grain: one row per payment and bill month paid
select
    cast(_period as date) as stat_month,
    payment_id,
    account_id,
    bill_month_on,
    paid_at,
    paid_amt,
    payment_method,
    is_reversal,
    _load_id as load_id
from {{ source('raw', 'boss__payment') }}
