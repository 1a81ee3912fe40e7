{# Together these columns are a key. #}
{% test unique_combination(model, columns) %}
select {{ columns | join(", ") }}
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}

{# A reference into a table that has a state for each month: it must exist in the same month. A
   month that the other table lacks altogether is not judged: its feed is off, or late and told so. #}
{% test references_in_month(model, columns, to, to_columns=none) %}
{%- set to_columns = to_columns or columns %}
with tested as (
    select *
    from {{ model }}
)

select
    tested.stat_month,
    {%- for column in columns %}
    tested.{{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from tested
left join {{ to }} as referred
    on tested.stat_month = referred.stat_month
    {%- for column in columns %}
    and tested.{{ column }} = referred.{{ to_columns[loop.index0] }}
    {%- endfor %}
where
    referred.stat_month is null
    {%- for column in columns %}
    and tested.{{ column }} is not null
    {%- endfor %}
    and tested.stat_month in (select there.stat_month from {{ to }} as there)
{% endtest %}

{# Something that is true of every row. #}
{% test expression_holds(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}

{# Each column has one of its values, or none: {column: [value, …]}. One query for all of them. #}
{% test allowed(model, values) %}
{%- for column, allowed in values.items() %}
select distinct
    '{{ column }}' as column_name,
    {{ dbt.cast(column, dbt.type_string()) }} as value
from {{ model }}
where {{ column }} not in ({% for v in allowed %}'{{ v }}'{{ ", " if not loop.last }}{% endfor %})
{{ "union all" if not loop.last }}
{%- endfor %}
{% endtest %}
