-- grain: one row per business month and subscriber, as of the end of the month
select
    cast(_period as date) as stat_month,
    subscriber_id,
    msisdn,
    customer_name,
    birth_year,
    brand,
    vip_level,
    opened_on,
    area_id,
    account_manager_id,
    acquisition_channel,
    status,
    status_since,
    _load_id as load_id
from {{ source('raw', 'crm__subscriber') }}
