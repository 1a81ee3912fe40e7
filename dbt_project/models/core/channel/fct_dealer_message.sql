-- grain: one row per message to a dealer's outlet or call from one
with messages as (
    select * from {{ ref("stg_channel__dealer_message") }}
),

final as (
    select
        messages.stat_month,
        messages.message_id,
        messages.outlet_id,
        messages.dealer_id,
        {{ outlet_columns() }},
        messages.direction,
        messages.subject,
        messages.sent_at,
        messages.delivered_at,
        messages.read_at,
        messages.answered_at,
        messages.delivered_at is not null as is_delivered,
        messages.read_at is not null as is_read,
        messages.answered_at is not null as is_answered,
        {{ elapsed_min("messages.sent_at", "messages.delivered_at") }} as delivery_min,
        {{ elapsed_min("messages.sent_at", "messages.read_at") }} as read_min,
        {{ elapsed_min("messages.sent_at", "messages.answered_at") }} as answer_min
    from messages
    {{ outlet_join("messages") }}
)

select * from final
