-- grain: one row per business month, subscriber and electronic channel
with users as (
    select * from {{ ref("stg_echannel__user_month") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        users.stat_month,
        users.subscriber_id,
        users.channel as channel_id,
        subscribers.area_id,
        users.login_cnt,
        users.transaction_cnt,
        users.payment_cnt,
        users.login_cnt + users.transaction_cnt > 0 as is_active,
        users.has_service_password,
        users.registered_on,
        {{ in_its_month("users.registered_on", "users.stat_month") }} as is_registered_in_month,
        users.referrer_outlet_id
    from users
    left join subscribers
        on
            users.stat_month = subscribers.stat_month
            and users.subscriber_id = subscribers.subscriber_id
)

select * from final
