-- grain: one row per business month, list in force and group customer on it
with lists as (
    select * from {{ ref("stg_crm__customer_list") }}
),

final as (
    select
        lists.stat_month,
        lists.list_id,
        lists.group_id,
        lists.list_kind,
        lists.list_year,
        lists.frozen_on,
        lists.decided_by,
        lists.base_month_fee_amt,
        customer.area_id,
        customer.account_manager_id
    from lists
    {{ group_join("lists") }}
)

select * from final
