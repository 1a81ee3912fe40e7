-- grain: one row per own hall and month
select
    cast(_period as date) as stat_month,
    outlet_id,
    roster_staff_cnt,
    on_duty_staff_cnt,
    standard_staff_cnt,
    open_days,
    visitor_cnt,
    queue_ticket_cnt,
    queue_wait_min,
    device_cnt,
    handset_sales_cnt,
    bound_handset_cnt,
    handset_sales_amt,
    staff_cost_amt,
    rent_amt,
    other_cost_amt,
    complaint_cnt,
    _load_id as load_id
from {{ source('raw', 'channel__hall_month') }}
