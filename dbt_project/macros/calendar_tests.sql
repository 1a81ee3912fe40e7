{# Periods of whole days, first and last day included: none ends before it begins, none begins on a
   day of another. #}
{% test days_do_not_overlap(model, first, last) %}
with ordered as (
    select
        {{ first }} as first_on,
        {{ last }} as last_on,
        lead({{ first }}) over (order by {{ first }}, {{ last }}) as next_first_on
    from {{ model }}
)

select *
from ordered
where last_on < first_on or next_first_on <= last_on
{% endtest %}
