-- grain: one row per business month and competing product, beside the own product it competes with
with tariffs as (
    select * from {{ ref("stg_competitor__tariff") }}
),

products as (
    select * from {{ ref("dim_product") }}
),

final as (
    select
        tariffs.stat_month,
        tariffs.tariff_id,
        tariffs.competitor,
        tariffs.tariff_name,
        tariffs.own_product_id,
        products.product_name as own_product_name,
        coalesce(products.product_family, '-') as product_family,
        coalesce(products.business_kind, '-') as business_kind,
        tariffs.monthly_fee_amt,
        tariffs.own_monthly_fee_amt,
        tariffs.included_min,
        tariffs.included_mb,
        tariffs.quality_score,
        tariffs.own_quality_score,
        tariffs.on_sale_from,
        tariffs.surveyed_on
    from tariffs
    left join products
        on
            tariffs.stat_month = products.stat_month
            and tariffs.own_product_id = products.product_id
)

select * from final
