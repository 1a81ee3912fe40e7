{# What stg_<system>__<entity> is for a feed the operator does not have: its columns, no row. The
   columns come from the model's own YAML, which states what staging must look like. #}
{% macro empty_feed(feed) -%}
    {%- set name = "stg_" ~ feed | replace(".", "__") -%}
    {%- if model.name != name -%}
        {%- do exceptions.raise_compiler_error(
            "empty_feed('" ~ feed ~ "') belongs in " ~ name ~ ".sql, not in " ~ model.name ~ ".sql"
        ) -%}
    {%- endif -%}
    select
    {%- for column in model.columns.values() %}
        cast(null as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
    {%- endfor %}
    {%- if not model.columns %} cast(null as date) as stat_month{% endif %}
    where 1 = 0
{%- endmacro %}
