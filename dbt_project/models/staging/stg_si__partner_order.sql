-- grain: one row per partner order and month in which it was open
select
    cast(_period as date) as stat_month,
    partner_order_id,
    partner_code,
    partner_name,
    qualification,
    work_order_id,
    product_id,
    sent_at,
    accepted_at,
    done_at,
    limit_hours,
    returned_cnt,
    fee_amt,
    state,
    _load_id as load_id
from {{ source('raw', 'si__partner_order') }}
