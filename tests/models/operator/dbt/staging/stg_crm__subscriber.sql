select
    _period as stat_month,
    number as subscriber_id,
    number as msisdn,
    '客户' as customer_name,
    cast(null as integer) as birth_year,
    'easyown' as brand,
    'none' as vip_level,
    cast('2010-01-01' as date) as opened_on,
    'A' as area_id,
    cast(null as text) as account_manager_id,
    'hall' as acquisition_channel,
    'on_net' as status,
    cast('2010-01-01' as date) as status_since,
    cast(1 as bigint) as load_id
from {{ source('raw', 'wide__customer') }}
