-- grain: one row per outlet and day with air recharges
with recharges as (
    select * from {{ ref("stg_recharge__air_recharge") }}
),

final as (
    select
        recharges.stat_month,
        recharges.outlet_id,
        recharges.business_date,
        {{ outlet_columns() }},
        channel.dealer_id,
        recharges.recharge_cnt,
        recharges.recharge_amt,
        recharges.customer_cnt,
        recharges.failed_cnt,
        recharges.stock_balance_amt
    from recharges
    {{ outlet_join("recharges") }}
)

select * from final
