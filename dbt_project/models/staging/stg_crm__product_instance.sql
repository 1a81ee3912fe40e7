-- grain: one row per product instance and month
select
    cast(_period as date) as stat_month,
    instance_id,
    group_id,
    product_id,
    group_contract_id,
    line_cnt,
    volume,
    volume_unit,
    integration_level,
    monthly_fee_amt,
    started_on,
    ended_on,
    end_reason,
    _load_id as load_id
from {{ source('raw', 'crm__product_instance') }}
