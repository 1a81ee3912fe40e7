-- grain: one row per day, electronic channel and kind of transaction
--
-- The self-service terminals of the halls are counted here as a channel and, hall by hall, in
-- fct_channel_transaction: do not add the two.
with activity as (
    select * from {{ ref("stg_echannel__activity") }}
),

types as (
    select * from {{ ref("transaction_type") }}
),

final as (
    select
        activity.stat_month,
        activity.business_date,
        activity.channel as channel_id,
        activity.transaction_type,
        types.is_divertible,
        activity.transaction_cnt,
        activity.success_cnt,
        activity.user_cnt,
        activity.group_transaction_cnt,
        activity.transaction_amt
    from activity
    left join types
        on activity.transaction_type = types.transaction_type
)

select * from final
