-- grain: one row per work order and month in which it was open
select
    cast(_period as date) as stat_month,
    work_order_id,
    work_order_type,
    flow_code,
    order_id,
    complaint_id,
    group_id,
    product_id,
    service_level,
    network_specialty,
    org_unit_id,
    created_by_staff_id,
    created_at,
    dispatched_at,
    archived_at,
    sync_failed_cnt,
    reopened_cnt,
    state,
    _load_id as load_id
from {{ source('raw', 'eoms__work_order') }}
