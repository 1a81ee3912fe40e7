-- grain: one row per business month and status event; the file tells of leaving only
select
    stat_month,
    'left-' || subscriber_id as event_id,
    subscriber_id,
    cast(stat_month as {{ dbt.type_timestamp() }}) as event_at,
    'off_net' as event_type,
    'voluntary' as event_reason,
    load_id
from {{ ref("stg_prepaid__subscriber_month") }}
where has_left
