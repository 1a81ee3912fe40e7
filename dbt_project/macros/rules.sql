{# Whether a row of an effective-dated rule table holds in a month: valid_to is the first day on
   which it no longer does. A month has the rule that holds on its first day. #}
{% macro holds_in(rule, month) -%}
    {{ rule }}.valid_from <= {{ month }}
    and ({{ rule }}.valid_to is null or {{ month }} < {{ rule }}.valid_to)
{%- endmacro %}

{# Whether there is a day on which both rows of effective-dated rule tables hold. #}
{% macro same_day(one, other) -%}
    {{ one }}.valid_from < coalesce({{ other }}.valid_to, cast('9999-12-31' as date))
    and {{ other }}.valid_from < coalesce({{ one }}.valid_to, cast('9999-12-31' as date))
{%- endmacro %}

{# One parameter of a rule table kept as rows, as a column (inside group by). #}
{% macro parameter(rule, key, key_value, value="value") -%}
    max(case when {{ rule }}.{{ key }} = '{{ key_value }}' then {{ rule }}.{{ value }} end)
{%- endmacro %}
