-- grain: one row per business month and product
--
-- All are sold to companies. What kind of business they are is not in the files; they are no
-- communication service, so core counts them as applications.
select
    months.stat_month,
    products.product as product_id,
    cast(null as {{ dbt.type_string() }}) as product_class,
    cast(null as {{ dbt.type_string() }}) as bearer,
    'industry_application' as business_kind,
    cast(null as {{ dbt.type_string() }}) as industry_code,
    1 = 0 as is_ict,
    1 = 0 as is_new_business,
    cast(null as {{ dbt.type_string() }}) as pricing_unit,
    1 = 0 as is_trial_offered,
    products._load_id as load_id
from {{ ref("stg_b2b__month") }} as months
cross join {{ source("raw", "b2b__product") }} as products
