-- grain: one row per contract and month
select
    cast(_period as date) as stat_month,
    group_contract_id,
    group_id,
    product_id,
    signed_on,
    starts_on,
    ends_on,
    terminated_on,
    contract_status,
    bound_line_cnt,
    monthly_commit_amt,
    penalty_amt,
    is_auto_renewal,
    _load_id as load_id
from {{ source('raw', 'crm__group_contract') }}
