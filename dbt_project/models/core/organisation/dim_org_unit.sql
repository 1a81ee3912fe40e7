-- grain: one row per business month and organisation unit, with its ancestors at every level
--
-- A level that an organisation skips (an area right below its city) repeats the unit above it, so
-- that drilling down by level never loses anybody. Levels below the unit's own are empty.
{%- set levels = ["hq", "province", "city", "county", "area"] %}
with units as (
    select * from {{ ref("stg_hr__org_unit") }}
    where {{ in_months("stat_month") }}
),

-- A unit and its ancestors as rows. Four steps up suffice for five levels.
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
        {%- set own_or_lower = levels[loop.index0:] %}
        {%- set upwards = levels[: loop.index] | reverse | list %}
        {%- set last_level = loop.last %}
        {%- for part in ["id", "name", "name_en"] %}
        case
            when units.level in ('{{ own_or_lower | join("', '") }}')
                then coalesce(
                    {%- for above in upwards %}
                    ancestors.{{ above }}_{{ part }}{{ "," if not loop.last }}
                    {%- endfor %}
                )
        end as {{ level }}_{{ part }}{{ "," if not (last_level and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    from units
    inner join ancestors
        on
            units.stat_month = ancestors.stat_month
            and units.org_unit_id = ancestors.org_unit_id
)

select * from final
