{# On net (在网): active, or suspended but still a customer. #}
{% macro is_on_net(status) -%}
    {{ status }} in ('on_net', 'suspended')
{%- endmacro %}

{# 13812345678 -> 138****5678; a shorter number shows less, so that half of it stays hidden. #}
{% macro mask_msisdn(column) -%}
    case
        when length({{ column }}) >= 11
            then {{ dbt.concat(["substring(" ~ column ~ ", 1, 3)", "'****'", dbt.right(column, 4)]) }}
        when length({{ column }}) >= 8
            then {{ dbt.concat(["substring(" ~ column ~ ", 1, 2)", "'****'", dbt.right(column, 2)]) }}
        else '****'
    end
{%- endmacro %}

{# 张三丰 -> 张**; always two stars, so that the length tells nothing. #}
{% macro mask_name(column) -%}
    {{ dbt.concat(["substring(" ~ column ~ ", 1, 1)", "'**'"]) }}
{%- endmacro %}
