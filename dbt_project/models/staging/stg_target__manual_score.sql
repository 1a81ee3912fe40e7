-- grain: one row per KPI, scope and month
select
    cast(_period as date) as stat_month,
    kpi_code,
    scope_type,
    scope_id,
    score,
    full_score,
    dimension,
    scorer_staff_id,
    scored_on,
    reason,
    _load_id as load_id
from {{ source('raw', 'target__manual_score') }}
