-- grain: one row per business month and organisation unit
select
    cast(_period as date) as stat_month,
    org_unit_id,
    parent_id,
    level,
    org_unit_name,
    org_unit_name_en,
    sort_no,
    _load_id as load_id
from {{ source('raw', 'hr__org_unit') }}
