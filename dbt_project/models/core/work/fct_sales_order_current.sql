-- grain: one row per sales order, as of the latest month that tells of it
with states as (
    {{ latest_of(ref("fct_sales_order"), "order_id") }}
),

final as (
    select
        order_id,
        stat_month as as_of_month,
        group_id,
        area_id,
        product_id,
        staff_id,
        opportunity_id,
        order_type,
        fulfilment_path,
        list_amt,
        discount_amt,
        is_over_authority,
        accepted_at,
        promised_on,
        opened_at,
        cancelled_at,
        state,
        is_opened_as_promised,
        lead_min
    from states
    where nth = 1
)

select * from final
