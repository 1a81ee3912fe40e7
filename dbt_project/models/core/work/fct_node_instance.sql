-- grain: one row per business month, work order and passage of a node that was under way in it
--
-- Before somebody takes a node it waits, after that it is worked on; what is not over yet is
-- counted up to the end of the month. Minutes are of the calendar.
with passages as (
    select * from {{ ref("stg_eoms__node_instance") }}
),

work_orders as (
    select * from {{ ref("stg_eoms__work_order") }}
),

nodes as (
    select * from {{ ref("dim_flow_node") }}
),

bounded as (
    select
        passages.*,
        cast({{ add_months("passages.stat_month", 1) }} as timestamp) as month_end_at
    from passages
),

final as (
    select
        bounded.stat_month,
        bounded.work_order_id,
        bounded.node_seq,
        bounded.node_id,
        nodes.flow_code,
        nodes.node_no,
        nodes.role,
        nodes.system_code,
        nodes.standard_hours,
        work_orders.work_order_type,
        work_orders.product_id,
        work_orders.group_id,
        work_orders.service_level,
        work_orders.org_unit_id,
        bounded.department,
        bounded.next_department,
        bounded.handler_no,
        bounded.staff_id,
        bounded.arrived_at,
        bounded.accepted_at,
        bounded.finished_at,
        bounded.result,
        bounded.is_reopened,
        coalesce(bounded.next_department <> bounded.department, false) as is_handed_off,
        bounded.finished_at is not null as is_finished,
        {{ in_its_month("bounded.arrived_at", "bounded.stat_month") }} as is_arrived_in_month,
        {{ in_its_month("bounded.finished_at", "bounded.stat_month") }} as is_finished_in_month,
        {{
            elapsed_min(
                "bounded.arrived_at",
                "coalesce(bounded.accepted_at, bounded.finished_at, bounded.month_end_at)",
            )
        }} as wait_min,
        case
            when bounded.accepted_at is null then 0
            else
                {{
                    elapsed_min(
                        "bounded.accepted_at",
                        "coalesce(bounded.finished_at, bounded.month_end_at)",
                    )
                }}
        end as work_min,
        bounded.customer_wait_min as customer_wait_business_min
    from bounded
    left join nodes
        on bounded.node_id = nodes.node_id
    left join work_orders
        on
            bounded.stat_month = work_orders.stat_month
            and bounded.work_order_id = work_orders.work_order_id
)

select * from final
