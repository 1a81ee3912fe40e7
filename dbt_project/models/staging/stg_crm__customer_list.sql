-- grain: one row per list in force, group customer and month
select
    cast(_period as date) as stat_month,
    list_id,
    group_id,
    list_kind,
    list_year,
    frozen_on,
    decided_by,
    base_month_fee_amt,
    _load_id as load_id
from {{ source('raw', 'crm__customer_list') }}
