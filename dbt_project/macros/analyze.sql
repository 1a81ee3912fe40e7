{# Statistics right after a table is written: what is built next in the same run is planned with
   them, and waiting for the server to notice would plan it blind. #}
{% macro analyze() -%}
    {#- a view has nothing to count #}
    {%- if model.config.materialized == "view" -%}{{ return("") }}{%- endif -%}
    {{ return(adapter.dispatch("analyze", "telmart")()) }}
{%- endmacro %}

{% macro postgres__analyze() -%}
    analyze {{ this }}
{%- endmacro %}

{% macro default__analyze() -%}{%- endmacro %}
