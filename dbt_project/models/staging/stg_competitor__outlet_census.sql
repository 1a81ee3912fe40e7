-- grain: one row per area, operator and month
select
    cast(_period as date) as stat_month,
    area_id,
    operator,
    hall_cnt,
    exclusive_cnt,
    agent_cnt,
    mystery_score,
    visit_cnt,
    wait_min,
    surveyed_on,
    _load_id as load_id
from {{ source('raw', 'competitor__outlet_census') }}
