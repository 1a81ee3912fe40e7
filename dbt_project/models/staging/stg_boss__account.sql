-- grain: one row per account and month
select
    cast(_period as date) as stat_month,
    account_id,
    account_type,
    group_id,
    owner_party_id,
    credit_class,
    credit_limit_amt,
    payment_method,
    is_unified_payment,
    term_days,
    opened_on,
    account_status,
    _load_id as load_id
from {{ source('raw', 'boss__account') }}
