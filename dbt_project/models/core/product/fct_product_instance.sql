-- grain: one row per business month and product instance of a group customer
with instances as (
    select * from {{ ref("stg_crm__product_instance") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

products as (
    select * from {{ ref("dim_product") }}
),

contracts as (
    select * from {{ ref("dim_contract") }}
    where contract_type = 'group'
),

final as (
    select
        instances.stat_month,
        instances.instance_id,
        instances.group_id,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        instances.product_id,
        coalesce(products.business_kind, '-') as business_kind,
        coalesce(products.product_class, '-') as product_class,
        coalesce(products.bearer, '-') as bearer,
        coalesce(products.is_ict, false) as is_ict,
        coalesce(products.is_new_business, false) as is_new_business,
        instances.group_contract_id,
        coalesce(contracts.is_in_force, false) as is_contract_bound,
        contracts.ends_on as contract_ends_on,
        instances.line_cnt,
        instances.volume,
        instances.volume_unit,
        instances.integration_level,
        instances.monthly_fee_amt,
        instances.started_on,
        instances.ended_on,
        instances.end_reason,
        -- in use at the end of the month: ended_on is the day from which it no longer is
        instances.started_on <= months.month_end_on
        and (instances.ended_on is null or instances.ended_on > months.month_end_on) as is_in_use
    from instances
    inner join months
        on instances.stat_month = months.stat_month
    left join groups
        on instances.stat_month = groups.stat_month and instances.group_id = groups.group_id
    left join products
        on
            instances.stat_month = products.stat_month
            and instances.product_id = products.product_id
    left join contracts
        on
            instances.stat_month = contracts.stat_month
            and instances.group_contract_id = contracts.contract_id
)

select * from final
