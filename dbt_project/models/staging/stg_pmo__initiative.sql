-- grain: one row per project, sub-project, measure or activity and month
select
    cast(_period as date) as stat_month,
    initiative_id,
    parent_id,
    level,
    initiative_name,
    initiative_name_en,
    planning_year,
    bsc_perspective,
    kpi_code,
    org_unit_id,
    owner_staff_id,
    starts_on,
    ends_on,
    planned_progress,
    actual_progress,
    finished_on,
    budget_amt,
    spent_amt,
    _load_id as load_id
from {{ source('raw', 'pmo__initiative') }}
