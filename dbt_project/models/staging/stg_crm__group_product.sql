-- grain: one row per group product and month
select
    cast(_period as date) as stat_month,
    product_id,
    product_class,
    bearer,
    business_kind,
    industry_code,
    is_ict,
    is_new_business,
    pricing_unit,
    is_trial_offered,
    _load_id as load_id
from {{ source('raw', 'crm__group_product') }}
