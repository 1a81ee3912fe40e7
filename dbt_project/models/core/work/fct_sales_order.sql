-- grain: one row per business month and sales order that was open in it, as at the end of the month
with orders as (
    select * from {{ ref("stg_crm__sales_order") }}
),

ratings as (
    select * from {{ ref("stg_hr__manager_rating") }}
),

final as (
    select
        orders.stat_month,
        orders.order_id,
        orders.group_id,
        customer.area_id,
        orders.product_id,
        orders.staff_id,
        orders.opportunity_id,
        orders.order_type,
        orders.fulfilment_path,
        orders.lines_cnt,
        orders.list_amt,
        orders.discount_amt,
        orders.approver_staff_id,
        approver.authority_limit_amt as approver_limit_amt,
        -- only account managers have a limit; who is above them has none on file
        coalesce(orders.discount_amt > approver.authority_limit_amt, false) as is_over_authority,
        orders.accepted_at,
        orders.promised_on,
        orders.opened_at,
        orders.cancelled_at,
        orders.sync_failed_cnt,
        orders.state,
        {{ in_its_month("orders.accepted_at", "orders.stat_month") }} as is_accepted_in_month,
        {{ in_its_month("orders.opened_at", "orders.stat_month") }} as is_opened_in_month,
        {{ in_its_month("orders.cancelled_at", "orders.stat_month") }} as is_cancelled_in_month,
        cast(orders.opened_at as date) <= orders.promised_on as is_opened_as_promised,
        {{ elapsed_min("orders.accepted_at", "orders.opened_at") }} as lead_min
    from orders
    {{ group_join("orders") }}
    left join ratings as approver
        on
            orders.stat_month = approver.stat_month
            and orders.approver_staff_id = approver.staff_id
)

select * from final
