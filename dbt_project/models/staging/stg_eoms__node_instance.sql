-- grain: one row per work order, passage and month in which it was under way
select
    cast(_period as date) as stat_month,
    work_order_id,
    node_seq,
    node_id,
    department,
    handler_no,
    staff_id,
    arrived_at,
    accepted_at,
    finished_at,
    customer_wait_min,
    next_department,
    result,
    is_reopened,
    _load_id as load_id
from {{ source('raw', 'eoms__node_instance') }}
