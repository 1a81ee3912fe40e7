-- grain: one row per step of a campaign with a subscriber
select
    cast(_period as date) as stat_month,
    contact_id,
    campaign_id,
    subscriber_id,
    step_type,
    happened_at,
    channel_type,
    staff_id,
    result_code,
    is_accepted,
    product_id,
    order_amt,
    cost_amt,
    decline_reason,
    _load_id as load_id
from {{ source('raw', 'campaign__contact') }}
