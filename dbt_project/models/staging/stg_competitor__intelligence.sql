-- grain: one row per report on a group customer, competitor and kind of business
select
    cast(_period as date) as stat_month,
    intelligence_id,
    group_id,
    competitor,
    business_kind,
    service_name,
    line_cnt,
    monthly_spend_amt,
    monthly_volume_min,
    contract_ends_on,
    customer_stage,
    next_action,
    next_action_on,
    source,
    confidence,
    collected_on,
    collected_by,
    _load_id as load_id
from {{ source('raw', 'competitor__intelligence') }}
