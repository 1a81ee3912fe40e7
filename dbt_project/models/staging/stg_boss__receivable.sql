-- grain: one row per account and month of an open bill
select
    cast(_period as date) as stat_month,
    account_id,
    bill_month_on,
    billed_amt,
    outstanding_amt,
    due_on,
    overdue_days,
    is_bad_debt,
    dunning_stage,
    _load_id as load_id
from {{ source('raw', 'boss__receivable') }}
