-- grain: one row per business month and subscriber, as of the end of the month
select
    stat_month,
    subscriber_id,
    subscriber_id as msisdn,
    '匿名' as customer_name,
    cast(null as integer) as birth_year,
    -- prepaid, as 神州行 is
    'easyown' as brand,
    'none' as vip_level,
    opened_on,
    'area-' || circle_id as area_id,
    cast(null as {{ dbt.type_string() }}) as account_manager_id,
    'dealer' as acquisition_channel,
    case when has_left then 'off_net' else 'on_net' end as status,
    case when has_left then stat_month else opened_on end as status_since,
    load_id
from {{ ref("stg_prepaid__subscriber_month") }}
