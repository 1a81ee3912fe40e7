-- grain: one row per business month and partner's order that was open in it, as at its end
with orders as (
    select * from {{ ref("stg_si__partner_order") }}
),

work_orders as (
    select * from {{ ref("stg_eoms__work_order") }}
),

final as (
    select
        orders.stat_month,
        orders.partner_order_id,
        orders.partner_code,
        orders.qualification,
        orders.work_order_id,
        work_orders.org_unit_id,
        orders.product_id,
        orders.sent_at,
        orders.accepted_at,
        orders.done_at,
        orders.limit_hours,
        orders.returned_cnt,
        orders.fee_amt,
        orders.state,
        {{ in_its_month("orders.sent_at", "orders.stat_month") }} as is_sent_in_month,
        {{ in_its_month("orders.done_at", "orders.stat_month") }} as is_done_in_month,
        {{ elapsed_min("orders.sent_at", "orders.accepted_at") }} as accept_min,
        {{ elapsed_min("orders.sent_at", "orders.done_at") }} as done_min
    from orders
    left join work_orders
        on
            orders.stat_month = work_orders.stat_month
            and orders.work_order_id = work_orders.work_order_id
)

select * from final
