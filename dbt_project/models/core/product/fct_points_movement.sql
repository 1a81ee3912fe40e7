-- grain: one row per movement of points
with movements as (
    select * from {{ ref("stg_points__movement") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        movements.stat_month,
        movements.movement_id,
        movements.subscriber_id,
        coalesce(subscribers.area_id, '-') as area_id,
        coalesce(subscribers.account_manager_id, '-') as account_manager_id,
        movements.moved_at,
        cast(movements.moved_at as date) as moved_on,
        movements.movement_type,
        movements.reason_code,
        movements.redeem_channel,
        movements.points_cnt,
        case when movements.movement_type = 'earn' then movements.points_cnt else 0 end
            as earned_points_cnt,
        case when movements.movement_type = 'redeem' then -movements.points_cnt else 0 end
            as redeemed_points_cnt,
        case when movements.movement_type = 'expire' then -movements.points_cnt else 0 end
            as expired_points_cnt,
        movements.balance_cnt,
        movements.value_amt
    from movements
    left join subscribers
        on
            movements.stat_month = subscribers.stat_month
            and movements.subscriber_id = subscribers.subscriber_id
)

select * from final
