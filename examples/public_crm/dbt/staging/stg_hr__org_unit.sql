-- grain: one row per business month and organisation unit
--
-- The company, its regional offices at the level of cities, and a team for each manager at the
-- level of areas. Province and county are skipped, as core allows.
with months as (
    select * from {{ ref("stg_b2b__month") }}
),

teams as (
    select manager, regional_office, max(_load_id) as load_id
    from {{ source("raw", "b2b__sales_team") }}
    group by manager, regional_office
),

units as (
    select
        'company' as org_unit_id,
        cast(null as {{ dbt.type_string() }}) as parent_id,
        'hq' as level,
        '公司' as org_unit_name,
        'Company' as org_unit_name_en,
        max(load_id) as load_id
    from teams
    union all
    select
        'office-' || regional_office as org_unit_id,
        'company' as parent_id,
        'city' as level,
        regional_office || '办事处' as org_unit_name,
        regional_office as org_unit_name_en,
        max(load_id) as load_id
    from teams
    group by regional_office
    union all
    select
        'team-' || manager as org_unit_id,
        'office-' || regional_office as parent_id,
        'area' as level,
        manager || '团队' as org_unit_name,
        manager as org_unit_name_en,
        load_id
    from teams
)

select
    months.stat_month,
    units.org_unit_id,
    units.parent_id,
    units.level,
    units.org_unit_name,
    units.org_unit_name_en,
    cast(
        row_number() over (partition by months.stat_month, units.level order by units.org_unit_id)
        as integer
    ) as sort_no,
    units.load_id
from months
cross join units
