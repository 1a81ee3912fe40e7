-- grain: one row per opportunity and month in which it was open
select
    cast(_period as date) as stat_month,
    opportunity_id,
    group_id,
    staff_id,
    product_id,
    source_channel,
    visit_id,
    need_type,
    expected_amt,
    lines_cnt,
    rival,
    found_at,
    confirmed_at,
    closed_at,
    state,
    lost_reason,
    _load_id as load_id
from {{ source('raw', 'crm__opportunity') }}
