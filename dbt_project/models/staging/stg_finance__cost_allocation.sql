-- grain: one row per cost item, object and month
select
    cast(_period as date) as stat_month,
    cost_id,
    object_type,
    object_id,
    group_id,
    area_id,
    product_id,
    cost_kind,
    is_capital,
    cost_amt,
    allocation_basis,
    booked_on,
    _load_id as load_id
from {{ source('raw', 'finance__cost_allocation') }}
