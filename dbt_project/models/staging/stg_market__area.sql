-- grain: one row per area and month
select
    cast(_period as date) as stat_month,
    area_id,
    population_cnt,
    household_cnt,
    village_cnt,
    covered_village_cnt,
    enterprise_cnt,
    market_line_cnt,
    own_line_cnt,
    op_b_line_cnt,
    op_c_line_cnt,
    estimated_on,
    _load_id as load_id
from {{ source('raw', 'market__area') }}
