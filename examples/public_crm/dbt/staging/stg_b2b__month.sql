-- grain: one row per business month the files speak of
--
-- The files tell of the whole time at once; core thinks in months. The months are those that the
-- contracts cover.
{%- set first, months = 2016 * 12 + 9, 15 %}
{%- for n in range(first, first + months) %}
{%- set month = "%04d-%02d-01" | format(n // 12, n % 12 + 1) %}
select
    cast('{{ month }}' as date) as stat_month,
    {{ "1 = 1" if loop.last else "1 = 0" }} as is_last
{{ "union all" if not loop.last }}
{%- endfor %}
