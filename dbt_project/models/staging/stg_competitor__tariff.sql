-- grain: one row per competing product and month
select
    cast(_period as date) as stat_month,
    tariff_id,
    competitor,
    tariff_name,
    own_product_id,
    monthly_fee_amt,
    own_monthly_fee_amt,
    included_min,
    included_mb,
    quality_score,
    own_quality_score,
    on_sale_from,
    surveyed_on,
    _load_id as load_id
from {{ source('raw', 'competitor__tariff') }}
