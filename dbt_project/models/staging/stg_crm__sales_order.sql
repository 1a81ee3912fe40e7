-- grain: one row per order and month in which it was open
select
    cast(_period as date) as stat_month,
    order_id,
    group_id,
    product_id,
    staff_id,
    opportunity_id,
    order_type,
    fulfilment_path,
    lines_cnt,
    list_amt,
    discount_amt,
    approver_staff_id,
    accepted_at,
    promised_on,
    sync_failed_cnt,
    opened_at,
    cancelled_at,
    state,
    _load_id as load_id
from {{ source('raw', 'crm__sales_order') }}
