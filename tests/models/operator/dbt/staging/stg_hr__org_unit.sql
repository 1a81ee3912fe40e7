with months as (
    select distinct _period as stat_month from {{ source('raw', 'wide__customer') }}
)

select
    months.stat_month,
    units.*,
    cast(1 as bigint) as load_id
from months
cross join (
    values
    ('P', cast(null as text), 'province', '某省', 'Province', 1),
    ('C', 'P', 'city', '某市', 'City', 1),
    ('A', 'C', 'area', '某片区', 'Area', 1)
) as units (org_unit_id, parent_id, level, org_unit_name, org_unit_name_en, sort_no)
