-- grain: one row per status event
with final as (
    select
        stat_month,
        event_id,
        subscriber_id,
        event_at,
        cast(event_at as date) as event_on,
        event_type,
        event_reason,
        -- left the network: disconnected, or took the number to another operator
        event_type in ('off_net', 'port_out') as is_departure
    from {{ ref("stg_boss__status_event") }}
    where {{ in_months("stat_month") }}
)

select * from final
