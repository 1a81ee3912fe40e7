-- grain: one row per account, subscriber and month
select
    cast(_period as date) as stat_month,
    account_id,
    subscriber_id,
    pays_share,
    item_scope,
    paid_limit_amt,
    valid_from_on,
    _load_id as load_id
from {{ source('raw', 'boss__account_member') }}
