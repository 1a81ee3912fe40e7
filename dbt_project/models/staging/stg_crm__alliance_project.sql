-- grain: one row per project of an alliance and month
select
    cast(_period as date) as stat_month,
    project_id,
    group_id,
    alliance_kind,
    project_stage,
    started_on,
    planned_end_on,
    ended_on,
    own_amt,
    partner_amt,
    _load_id as load_id
from {{ source('raw', 'crm__alliance_project') }}
