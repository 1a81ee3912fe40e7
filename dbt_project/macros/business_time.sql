{#
    Time that passes under a calendar of business hours (seeds/reference/business_hours.csv), holidays
    and make-up workdays respected:

        select {{ business_minutes("orders.created_at", "orders.closed_at", "opened", "closed") }}
        from orders
        {{ business_day_join("opened", "orders.created_at", "orders.calendar_id") }}
        {{ business_day_join("closed", "orders.closed_at", "orders.calendar_id") }}

    Two equality joins and a subtraction, so a month of work orders costs a hash join each. A moment
    outside business hours counts as the next opening. Null when a moment is missing, when it is
    outside the calendar, when the calendar of hours is unknown, and when the end lies before the
    start: a clock that runs backwards is a fault of the extract, and 0 would pass as "in time".
#}
{% macro business_minutes(from_at, to_at, from_day, to_day) -%}
    {{ telmart.business_seconds(from_at, to_at, from_day, to_day) }} / 60.0
{%- endmacro %}

{# The same in whole seconds, exact: to compare with a limit, multiply the limit. #}
{% macro business_seconds(from_at, to_at, from_day, to_day) -%}
    case
        when {{ from_at }} <= {{ to_at }}
            then
                {{ telmart.business_clock(to_at, to_day) }}
                - {{ telmart.business_clock(from_at, from_day) }}
    end
{%- endmacro %}

{# The row of int_business_day__cumulative that a moment falls on, under the alias `day`. #}
{% macro business_day_join(day, moment, calendar_id) -%}
    left join {{ ref("int_business_day__cumulative") }} as {{ day }}
        on
            {{ calendar_id }} = {{ day }}.calendar_id
            and cast({{ moment }} as date) = {{ day }}.date_day
{%- endmacro %}

{# Business seconds from the calendar's first day up to `moment`, on whose day `day` is. #}
{% macro business_clock(moment, day) -%}
    {%- set second -%}
        (
            cast(extract(hour from {{ moment }}) as integer) * 3600
            + cast(extract(minute from {{ moment }}) as integer) * 60
            + cast(floor(extract(second from {{ moment }})) as integer)
        )
    {%- endset -%}
    (
        {{ day }}.earlier_business_min * 60
        {%- for n in [1, 2] %}
        + greatest(
            least({{ second }}, {{ day }}.closes_min_{{ n }} * 60)
            - {{ day }}.opens_min_{{ n }} * 60,
            0
        )
        {%- endfor %}
    )
{%- endmacro %}
