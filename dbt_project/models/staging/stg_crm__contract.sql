-- grain: one row per business month and contract, as of the end of the month
select
    cast(_period as date) as stat_month,
    contract_id,
    subscriber_id,
    product_id,
    binding_type,
    starts_on,
    ends_on,
    deposit_amt,
    monthly_commit_amt,
    contract_status,
    _load_id as load_id
from {{ source('raw', 'crm__contract') }}
