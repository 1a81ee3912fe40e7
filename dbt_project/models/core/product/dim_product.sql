-- grain: one row per business month and product
--
-- The catalogue of all products, with what the catalogue of group products adds. A product of which
-- only the general catalogue knows is of the kind that its family has; one that only the other
-- knows keeps its number as name.
with products as (
    select * from {{ ref("stg_boss__product") }}
    where {{ in_months("stat_month") }}
),

group_products as (
    select * from {{ ref("stg_crm__group_product") }}
    where {{ in_months("stat_month") }}
),

families as (
    select * from {{ ref("product_family") }}
),

final as (
    select
        coalesce(products.stat_month, group_products.stat_month) as stat_month,
        coalesce(products.product_id, group_products.product_id) as product_id,
        coalesce(products.product_name, group_products.product_id) as product_name,
        coalesce(products.product_name_en, group_products.product_id) as product_name_en,
        coalesce(products.product_family, '-') as product_family,
        coalesce(group_products.business_kind, families.business_kind) as business_kind,
        group_products.product_id is not null as is_group_product,
        coalesce(group_products.product_class, '-') as product_class,
        coalesce(group_products.bearer, '-') as bearer,
        coalesce(group_products.industry_code, '-') as industry_code,
        coalesce(group_products.is_ict, false) as is_ict,
        -- for a group product its own catalogue decides, month by month
        coalesce(group_products.is_new_business, products.is_new_business) as is_new_business,
        coalesce(group_products.pricing_unit, '-') as pricing_unit,
        coalesce(group_products.is_trial_offered, false) as is_trial_offered,
        cast(coalesce(products.list_fee_amt, 0) as numeric(18, 2)) as list_fee_amt
    from products
    full join group_products
        on
            products.stat_month = group_products.stat_month
            and products.product_id = group_products.product_id
    left join families
        on products.product_family = families.product_family
)

select * from final
