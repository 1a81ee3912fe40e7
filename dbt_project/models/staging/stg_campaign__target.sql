-- grain: one row per campaign and subscriber on its list
select
    cast(_period as date) as stat_month,
    campaign_id,
    subscriber_id,
    list_version,
    listed_on,
    is_control,
    segment_code,
    matched_product_id,
    matched_channel,
    area_id,
    staff_id,
    _load_id as load_id
from {{ source('raw', 'campaign__target') }}
