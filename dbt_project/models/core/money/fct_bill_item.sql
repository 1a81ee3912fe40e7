-- grain: one row per item of a bill
--
-- What an item counts as is what its product is in the month; an item without a product counts as
-- its type does (bill_item_type).
with items as (
    select * from {{ ref("stg_boss__bill_item") }}
    where {{ in_months("stat_month") }}
),

accounts as (
    select * from {{ ref("stg_boss__account") }}
    where {{ in_months("stat_month") }}
),

products as (
    select * from {{ ref("dim_product") }}
    where {{ in_months("stat_month") }}
),

item_types as (
    select * from {{ ref("bill_item_type") }}
),

instances as (
    select * from {{ ref("fct_product_instance") }}
    where {{ in_months("stat_month") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
    where {{ in_months("stat_month") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
    where {{ in_months("stat_month") }}
),

owned as (
    select
        items.*,
        coalesce(items.group_id, accounts.group_id) as billed_group_id,
        accounts.account_type,
        accounts.owner_party_id
    from items
    left join accounts
        on items.stat_month = accounts.stat_month and items.account_id = accounts.account_id
),

final as (
    select
        owned.stat_month,
        owned.bill_item_id,
        owned.account_id,
        coalesce(owned.account_type, '-') as account_type,
        coalesce(owned.owner_party_id, '-') as owner_party_id,
        coalesce(owned.billed_group_id, '-') as group_id,
        owned.billed_group_id is not null as is_group_bill,
        coalesce(owned.subscriber_id, '-') as subscriber_id,
        coalesce(groups.area_id, subscribers.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, subscribers.account_manager_id, '-')
            as account_manager_id,
        coalesce(owned.product_id, '-') as product_id,
        coalesce(owned.instance_id, '-') as instance_id,
        owned.item_type,
        item_types.service_type,
        coalesce(products.business_kind, item_types.business_kind, '-') as business_kind,
        coalesce(products.product_class, '-') as product_class,
        coalesce(products.is_ict, item_types.is_ict, false) as is_ict,
        coalesce(products.is_new_business, false) as is_new_business,
        owned.is_recurring,
        -- moves with use: no fixed fee, no device, nothing that is charged once
        coalesce(item_types.is_usage, false) and not owned.is_recurring as is_usage,
        coalesce(instances.is_contract_bound, false) as is_contract_bound,
        owned.billed_amt,
        owned.discount_amt,
        owned.net_amt,
        owned.billed_on
    from owned
    left join item_types
        on owned.item_type = item_types.item_type
    left join products
        on owned.stat_month = products.stat_month and owned.product_id = products.product_id
    left join instances
        on owned.stat_month = instances.stat_month and owned.instance_id = instances.instance_id
    left join groups
        on owned.stat_month = groups.stat_month and owned.billed_group_id = groups.group_id
    left join subscribers
        on
            owned.stat_month = subscribers.stat_month
            and owned.subscriber_id = subscribers.subscriber_id
)

select * from final
