-- grain: one row per business month and product
select
    cast(_period as date) as stat_month,
    product_id,
    product_name,
    product_name_en,
    product_family,
    is_new_business,
    list_fee_amt,
    _load_id as load_id
from {{ source('raw', 'boss__product') }}
