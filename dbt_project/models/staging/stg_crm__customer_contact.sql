-- grain: one row per contact
select
    cast(_period as date) as stat_month,
    contact_id,
    subscriber_id,
    contacted_at,
    channel_type,
    direction,
    reason_code,
    transfer_channel,
    staff_id,
    product_id,
    is_vip_seat,
    wait_seconds_cnt,
    is_resolved,
    satisfaction_score,
    _load_id as load_id
from {{ source('raw', 'crm__customer_contact') }}
