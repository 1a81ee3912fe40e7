-- grain: one row per movement on a dealer's development fund
with movements as (
    select * from {{ ref("stg_channel__fund_movement") }}
),

dealers as (
    select * from {{ ref("stg_channel__dealer") }}
),

final as (
    select
        movements.stat_month,
        movements.movement_id,
        movements.dealer_id,
        dealers.area_id,
        dealers.channel_manager_id,
        movements.lot_id,
        movements.movement_type,
        movements.moved_on,
        movements.movement_amt,
        {%- for kind in ["contribution", "subsidy"] %}
        case when movements.movement_type = '{{ kind }}' then movements.movement_amt else 0 end
            as {{ kind }}_amt,
        {%- endfor %}
        {%- for kind in ["withdrawal", "forfeit"] %}
        case when movements.movement_type = '{{ kind }}' then -movements.movement_amt else 0 end
            as {{ kind }}_amt,
        {%- endfor %}
        movements.vests_on,
        movements.movement_type = 'withdrawal' and movements.moved_on < movements.vests_on
            as is_early_withdrawal,
        movements.approved_by,
        movements.reason
    from movements
    left join dealers
        on
            movements.stat_month = dealers.stat_month
            and movements.dealer_id = dealers.dealer_id
)

select * from final
