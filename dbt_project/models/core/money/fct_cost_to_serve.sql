-- grain: one row per cost item
with costs as (
    select * from {{ ref("stg_finance__cost_allocation") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

final as (
    select
        costs.stat_month,
        costs.cost_id,
        costs.object_type,
        costs.object_id,
        coalesce(costs.group_id, '-') as group_id,
        coalesce(costs.area_id, groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        -- the tier served is the one the customer chose, else the one it is entitled to
        coalesce(groups.chosen_tier, groups.entitled_tier, '-') as service_tier,
        coalesce(costs.product_id, '-') as product_id,
        costs.cost_kind,
        costs.is_capital,
        costs.allocation_basis,
        costs.booked_on,
        costs.cost_amt
    from costs
    left join groups
        on costs.stat_month = groups.stat_month and costs.group_id = groups.group_id
)

select * from final
