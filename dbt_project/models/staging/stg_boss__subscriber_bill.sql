-- grain: one row per business month and subscriber with a bill
select
    cast(_period as date) as stat_month,
    subscriber_id,
    rental_fee_amt,
    voice_fee_amt,
    data_fee_amt,
    vas_fee_amt,
    other_fee_amt,
    discount_amt,
    billed_amt,
    arrears_amt,
    _load_id as load_id
from {{ source('raw', 'boss__subscriber_bill') }}
