-- grain: one row per call of the 10086 outbound team
with calls as (
    select * from {{ ref("stg_echannel__outbound_call") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        calls.stat_month,
        calls.call_id,
        calls.subscriber_id,
        subscribers.area_id,
        calls.purpose,
        calls.campaign_id,
        calls.agent_no,
        calls.called_at,
        calls.result,
        calls.result <> 'not_reached' as is_reached,
        calls.result in ('completed', 'accepted') as is_completed,
        calls.result = 'accepted' as is_accepted,
        calls.talk_seconds as talk_seconds_cnt,
        calls.product_id,
        calls.satisfaction_score
    from calls
    left join subscribers
        on
            calls.stat_month = subscribers.stat_month
            and calls.subscriber_id = subscribers.subscriber_id
)

select * from final
