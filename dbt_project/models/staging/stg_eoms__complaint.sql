-- grain: one row per complaint and month in which it was open
select
    cast(_period as date) as stat_month,
    complaint_id,
    complainant_type,
    group_id,
    subscriber_id,
    dealer_id,
    complaint_kind,
    received_channel,
    against_staff_id,
    against_outlet_id,
    product_id,
    org_unit_id,
    received_at,
    triaged_at,
    answered_at,
    archived_at,
    limit_hours,
    is_satisfied,
    reopened_cnt,
    state,
    _load_id as load_id
from {{ source('raw', 'eoms__complaint') }}
