-- grain: one row per business month and organisation unit
--
-- The file knows one place only, the telecom circle. It stands at every level, so that whoever
-- looks from any of them sees the same.
{%- set levels = ["hq", "province", "city", "county", "area"] %}
with circles as (
    select stat_month, circle_id, max(load_id) as load_id
    from {{ ref("stg_prepaid__subscriber_month") }}
    group by stat_month, circle_id
)
{% for level in levels %}
select
    stat_month,
    '{{ level }}-' || circle_id as org_unit_id,
    {% if loop.first -%}
    cast(null as {{ dbt.type_string() }}) as parent_id,
    {%- else -%}
    '{{ levels[loop.index0 - 1] }}-' || circle_id as parent_id,
    {%- endif %}
    '{{ level }}' as level,
    '电信区 ' || circle_id as org_unit_name,
    'Circle ' || circle_id as org_unit_name_en,
    {{ loop.index }} as sort_no,
    load_id
from circles
{{ "union all" if not loop.last }}
{%- endfor %}
