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

{#
    For models that the planner would build blind, because nothing tells it how many rows pass:
    - rule tables joined by validity (`valid_from <= month`): it expects one and joins the facts by
      nested loop. fct_kpi_score over 18 months of the demo: 231 s, and 0.5 s without.
    - the best row of each subscriber and month (`row_number() = 1`): it expects one in 200, merges by
      month alone and compares every subscriber with every other. int_subscriber_month__territory over
      18 months of 300,000 subscribers: not done after 8 minutes, and 65 s without.
    A hash takes every column of a join, whatever the planner expects.
#}
{% macro hash_joins_only() -%}
    {%- if target.type == "postgres" -%}
        set local enable_nestloop = off; set local enable_mergejoin = off
    {%- endif -%}
{%- endmacro %}
