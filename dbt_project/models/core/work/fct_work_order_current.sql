-- grain: one row per work order, as of the latest month that tells of it, with the times of CRM,
-- EOMS and the partner
with states as (
    {{ latest_of(ref("fct_work_order"), "work_order_id") }}
),

orders as (
    select * from {{ ref("fct_sales_order_current") }}
),

partner_states as (
    {{ latest_of(ref("fct_partner_order"), "partner_order_id") }}
),

-- a work order may be given to several partners, or to one twice
partners as (
    select
        work_order_id,
        cast(count(*) as integer) as partner_order_cnt,
        min(sent_at) as partner_sent_at,
        min(accepted_at) as partner_accepted_at,
        case when count(*) = count(done_at) then max(done_at) end as partner_done_at
    from partner_states
    where nth = 1
    group by work_order_id
),

final as (
    select
        states.work_order_id,
        states.stat_month as as_of_month,
        states.work_order_type,
        states.flow_code,
        states.flow_class,
        states.order_id,
        states.complaint_id,
        states.group_id,
        states.product_id,
        states.service_level,
        states.org_unit_id,
        states.state,
        orders.fulfilment_path,
        orders.accepted_at as order_accepted_at,
        states.created_at,
        states.dispatched_at,
        coalesce(partners.partner_order_cnt, 0) as partner_order_cnt,
        partners.partner_sent_at,
        partners.partner_accepted_at,
        partners.partner_done_at,
        states.archived_at,
        orders.opened_at as order_opened_at,
        states.sync_failed_cnt,
        states.reopened_cnt,
        {{ elapsed_min("orders.accepted_at", "states.created_at") }} as crm_to_eoms_min,
        {{ elapsed_min("states.created_at", "states.dispatched_at") }} as dispatch_min,
        {{ elapsed_min("partners.partner_sent_at", "partners.partner_done_at") }} as partner_min,
        {{ elapsed_min("states.created_at", "states.archived_at") }} as lead_min
    from states
    left join orders
        on states.order_id = orders.order_id
    left join partners
        on states.work_order_id = partners.work_order_id
    where states.nth = 1
)

select * from final
