-- grain: one row per team, member and month
select
    cast(_period as date) as stat_month,
    team_id,
    staff_id,
    team_name,
    team_kind,
    org_unit_id,
    is_leader,
    belbin_role,
    second_belbin_role,
    time_share,
    available_hours,
    used_hours,
    joined_on,
    _load_id as load_id
from {{ source('raw', 'hr__team_member') }}
