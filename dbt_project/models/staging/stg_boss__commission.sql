-- grain: one row per outlet, item and month
select
    cast(_period as date) as stat_month,
    commission_id,
    outlet_id,
    dealer_id,
    commission_type,
    basis_cnt,
    accrued_amt,
    to_fund_amt,
    paid_amt,
    due_on,
    paid_on,
    notice_sent_at,
    is_disputed,
    disputed_amt,
    _load_id as load_id
from {{ source('raw', 'boss__commission') }}
