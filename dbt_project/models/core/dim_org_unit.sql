-- grain: one row per business month and organisation unit, with its ancestors at every level
{%- set levels = ["hq", "province", "city", "county", "area"] %}
with units as (
    select * from {{ ref("stg_hr__org_unit") }}
    where {{ in_months("stat_month") }}
),

-- A unit and its ancestors as rows. Four steps up suffice for five levels; a unit may skip a level
-- (an area right below a city has no county).
lineage as (
    select stat_month, org_unit_id, org_unit_id as ancestor_id, parent_id
    from units
    {%- for step in range(1, levels | length) %}
    union all
    select unit.stat_month, unit.org_unit_id, up{{ step }}.org_unit_id, up{{ step }}.parent_id
    from units as unit
    {%- for n in range(1, step + 1) %}
    inner join units as up{{ n }}
        on
            {{ "unit" if n == 1 else "up" ~ (n - 1) }}.stat_month = up{{ n }}.stat_month
            and {{ "unit" if n == 1 else "up" ~ (n - 1) }}.parent_id = up{{ n }}.org_unit_id
    {%- endfor %}
    {%- endfor %}
),

ancestors as (
    select
        lineage.stat_month,
        lineage.org_unit_id,
        {%- for level in levels %}
        max(case when above.level = '{{ level }}' then above.org_unit_id end) as {{ level }}_id,
        max(case when above.level = '{{ level }}' then above.org_unit_name end)
            as {{ level }}_name,
        max(case when above.level = '{{ level }}' then above.org_unit_name_en end)
            as {{ level }}_name_en{{ "," if not loop.last }}
        {%- endfor %}
    from lineage
    inner join units as above
        on lineage.stat_month = above.stat_month and lineage.ancestor_id = above.org_unit_id
    group by lineage.stat_month, lineage.org_unit_id
),

final as (
    select
        units.stat_month,
        units.org_unit_id,
        units.org_unit_name,
        units.org_unit_name_en,
        units.level,
        units.parent_id,
        units.sort_no,
        {%- for level in levels %}
        ancestors.{{ level }}_id,
        ancestors.{{ level }}_name,
        ancestors.{{ level }}_name_en{{ "," if not loop.last }}
        {%- endfor %}
    from units
    inner join ancestors
        on
            units.stat_month = ancestors.stat_month
            and units.org_unit_id = ancestors.org_unit_id
)

select * from final
