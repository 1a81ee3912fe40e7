-- grain: one row per item of a bill
select
    cast(_period as date) as stat_month,
    bill_item_id,
    account_id,
    group_id,
    subscriber_id,
    product_id,
    instance_id,
    item_type,
    is_recurring,
    billed_amt,
    discount_amt,
    net_amt,
    billed_on,
    _load_id as load_id
from {{ source('raw', 'boss__bill_item') }}
