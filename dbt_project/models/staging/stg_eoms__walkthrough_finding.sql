-- grain: one row per finding and month in which it was open
select
    cast(_period as date) as stat_month,
    finding_id,
    flow_code,
    node_id,
    walker_staff_id,
    org_unit_id,
    walked_on,
    finding_kind,
    severity,
    note,
    department,
    due_on,
    fixed_on,
    _load_id as load_id
from {{ source('raw', 'eoms__walkthrough_finding') }}
