-- grain: one row per number opened
select
    cast(_period as date) as stat_month,
    subscriber_id,
    opened_at,
    outlet_id,
    dealer_id,
    sales_channel,
    staff_id,
    product_id,
    campaign_id,
    has_handset,
    id_document_hash,
    first_recharge_amt,
    is_premium_number,
    _load_id as load_id
from {{ source('raw', 'boss__opening') }}
