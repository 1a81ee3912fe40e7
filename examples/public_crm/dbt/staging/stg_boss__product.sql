-- grain: one row per business month and product
select
    months.stat_month,
    products.product as product_id,
    products.product as product_name,
    products.product as product_name_en,
    -- none of the families of mobile tariffs
    cast(null as {{ dbt.type_string() }}) as product_family,
    1 = 0 as is_new_business,
    products.sales_price as list_fee_amt,
    products._load_id as load_id
from {{ ref("stg_b2b__month") }} as months
cross join {{ source("raw", "b2b__product") }} as products
