-- grain: one row per organisation unit that exists or existed, as of its latest month
--
-- Today's organisation, for the as-is view. A unit that moved stands under its new parent with all
-- its history; one that was closed without a successor keeps the parent it had last, and people
-- see it by the same rule (docs/access.md).
{%- set levels = ["hq", "province", "city", "county", "area"] %}
with units as (
    select * from {{ ref("dim_org_unit") }}
),

latest as (
    select
        org_unit_id,
        max(stat_month) as stat_month
    from units
    group by org_unit_id
),

today as (
    select max(stat_month) as stat_month
    from units
),

final as (
    select
        units.org_unit_id,
        units.stat_month as as_of_month,
        units.stat_month = today.stat_month as is_open,
        units.org_unit_name,
        units.org_unit_name_en,
        units.level,
        units.parent_id,
        units.sort_no,
        {%- for level in levels %}
        units.{{ level }}_id,
        units.{{ level }}_name,
        units.{{ level }}_name_en{{ "," if not loop.last }}
        {%- endfor %}
    from units
    inner join latest
        on units.org_unit_id = latest.org_unit_id and units.stat_month = latest.stat_month
    cross join today
)

select * from final
