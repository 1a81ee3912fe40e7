-- grain: one row per business month, subscriber, way of splitting and destination
with calls as (
    select * from {{ ref("stg_mediation__usage_destination") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        calls.stat_month,
        calls.subscriber_id,
        calls.split_type,
        calls.destination_code,
        coalesce(subscribers.area_id, '-') as area_id,
        coalesce(subscribers.account_manager_id, '-') as account_manager_id,
        calls.voice_min,
        calls.call_cnt,
        calls.called_number_cnt,
        calls.active_days
    from calls
    left join subscribers
        on
            calls.stat_month = subscribers.stat_month
            and calls.subscriber_id = subscribers.subscriber_id
)

select * from final
