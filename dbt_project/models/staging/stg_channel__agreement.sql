-- grain: one row per agreement version and month
select
    cast(_period as date) as stat_month,
    agreement_id,
    dealer_id,
    agreement_type,
    signed_on,
    starts_on,
    ends_on,
    previous_agreement_id,
    monthly_quota_cnt,
    ladder_code,
    fund_share_rate,
    fund_limit_amt,
    status,
    _load_id as load_id
from {{ source('raw', 'channel__agreement') }}
