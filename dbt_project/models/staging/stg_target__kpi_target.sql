-- grain: one row per KPI, scope and month
select
    cast(_period as date) as stat_month,
    kpi_code,
    scope_type,
    scope_id,
    parent_scope_type,
    parent_scope_id,
    dimension,
    target_value,
    challenge_value,
    is_additive,
    target_version,
    set_on,
    set_by_staff_id,
    _load_id as load_id
from {{ source('raw', 'target__kpi_target') }}
