-- grain: one row per business month and staff member
select
    cast(_period as date) as stat_month,
    staff_id,
    staff_name,
    staff_name_en,
    post,
    org_unit_id,
    hired_on,
    is_active,
    _load_id as load_id
from {{ source('raw', 'hr__staff') }}
