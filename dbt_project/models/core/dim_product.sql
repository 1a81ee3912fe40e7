-- grain: one row per business month and product
with final as (
    select
        stat_month,
        product_id,
        product_name,
        product_name_en,
        product_family,
        is_new_business,
        list_fee_amt
    from {{ ref("stg_boss__product") }}
    where {{ in_months("stat_month") }}
)

select * from final
