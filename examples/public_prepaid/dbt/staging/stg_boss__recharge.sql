-- grain: one row per business month and recharge; here all recharges of a month in one
select
    stat_month,
    subscriber_id || '-' || cast(stat_month as {{ dbt.type_string() }}) as recharge_id,
    subscriber_id,
    cast(coalesce(last_recharged_on, stat_month) as {{ dbt.type_timestamp() }}) as recharged_at,
    recharge_amt,
    'dealer' as recharge_channel,
    load_id
from {{ ref("stg_prepaid__subscriber_month") }}
where recharge_amt > 0
