{#
    The as-is view of a fact: its rows under today's organisation.

        select as_is_org.county_id, sum(costs.cost_amt * as_is.weight) as cost_amt
        from costs
        {{ as_is_joins("costs", "area_id") }}
        group by as_is_org.county_id

    `unit`: the fact's column that names a unit of its month. Multiply whatever is summed with
    as_is.weight, which is below 1 only where the unit was split.

    A row with a customer follows the customer, who was in one place only: name the fact's subscriber
    and it counts where the customer is today, whatever became of the unit. A customer nobody knows
    today falls back to the unit.
#}
{% macro as_is_joins(fact, unit, subscriber=none) -%}
    {%- if subscriber %}
    left join {{ ref("dim_subscriber") }} as as_is_subscriber
        on {{ fact }}.{{ subscriber }} = as_is_subscriber.subscriber_id
    {%- endif %}
    left join {{ ref("bridge_org_unit_succession") }} as as_is
        on
            {%- if subscriber %}
            coalesce(as_is_subscriber.as_of_month, {{ fact }}.stat_month) = as_is.stat_month
            and coalesce(as_is_subscriber.area_id_current, {{ fact }}.{{ unit }})
            = as_is.org_unit_id
            {%- else %}
            {{ fact }}.stat_month = as_is.stat_month
            and {{ fact }}.{{ unit }} = as_is.org_unit_id
            {%- endif %}
    left join {{ ref("dim_org_unit_current") }} as as_is_org
        on as_is.org_unit_id_current = as_is_org.org_unit_id
{%- endmacro %}

{# Today's placement as columns, in the select list that goes with `as_is_joins`. #}
{% macro placement_current() %}
    {%- for level in ["province", "city", "county", "area"] %}
    as_is_org.{{ level }}_id as {{ level }}_id_current,
    as_is_org.{{ level }}_name as {{ level }}_name_current,
    as_is_org.{{ level }}_name_en as {{ level }}_name_en_current{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
