-- grain: one row per business month and work order that was open in it, as at the end of the month
with work_orders as (
    select * from {{ ref("stg_eoms__work_order") }}
),

flows as (
    select * from {{ ref("dim_flow") }}
),

units as (
    select * from {{ ref("dim_org_unit") }}
),

final as (
    select
        work_orders.stat_month,
        work_orders.work_order_id,
        work_orders.work_order_type,
        work_orders.flow_code,
        flows.flow_class,
        work_orders.order_id,
        work_orders.complaint_id,
        work_orders.group_id,
        work_orders.product_id,
        work_orders.service_level,
        work_orders.network_specialty,
        work_orders.org_unit_id,
        units.city_id,
        work_orders.created_by_staff_id,
        work_orders.created_at,
        work_orders.dispatched_at,
        work_orders.archived_at,
        work_orders.sync_failed_cnt,
        work_orders.reopened_cnt,
        work_orders.state,
        {{ in_its_month("work_orders.created_at", "work_orders.stat_month") }}
            as is_created_in_month,
        {{ in_its_month("work_orders.archived_at", "work_orders.stat_month") }}
            as is_archived_in_month,
        {{ elapsed_min("work_orders.created_at", "work_orders.dispatched_at") }} as dispatch_min,
        {{ elapsed_min("work_orders.created_at", "work_orders.archived_at") }} as lead_min
    from work_orders
    left join flows
        on work_orders.flow_code = flows.flow_code
    left join units
        on
            work_orders.stat_month = units.stat_month
            and work_orders.org_unit_id = units.org_unit_id
)

select * from final
