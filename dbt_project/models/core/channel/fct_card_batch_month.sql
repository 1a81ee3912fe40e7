-- grain: one row per business month and batch of cards, as at the end of the month
with batches as (
    select * from {{ ref("stg_recharge__card_batch") }}
),

final as (
    select
        batches.stat_month,
        batches.batch_id,
        batches.outlet_id,
        {{ outlet_columns() }},
        channel.dealer_id,
        batches.card_type,
        batches.selling_area_id,
        batches.issued_on,
        batches.issued_cnt,
        batches.sold_cnt,
        batches.activated_cnt,
        batches.sold_cnt - batches.activated_cnt as sold_not_activated_cnt,
        batches.returned_cnt,
        batches.stock_cnt,
        batches.stock_cnt > 0 as has_stock
    from batches
    {{ outlet_join("batches") }}
)

select * from final
