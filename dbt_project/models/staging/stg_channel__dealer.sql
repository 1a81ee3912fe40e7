-- grain: one row per dealer and month
select
    cast(_period as date) as stat_month,
    dealer_id,
    dealer_name,
    area_id,
    channel_manager_id,
    core_list,
    cooperation,
    competitor_shelf_rate,
    is_province_top_100,
    partner_since_on,
    credit_class,
    deposit_amt,
    status,
    ended_on,
    left_for,
    _load_id as load_id
from {{ source('raw', 'channel__dealer') }}
