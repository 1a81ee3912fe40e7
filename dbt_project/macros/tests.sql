{# Together these columns are a key. #}
{% test unique_combination(model, columns) %}
select {{ columns | join(", ") }}
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}

{# A reference into a table that has a state for each month: it must exist in the same month. #}
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
{% endtest %}

{# No value of `key` has two rows of an effective-dated rule table on one day, and none ends before
   it begins. #}
{% test no_overlap(model, key) %}
with ordered as (
    select
        rule_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by {{ key | join(", ") }}
            order by valid_from
        ) as next_valid_from
    from {{ model }}
)

select *
from ordered
where
    valid_to <= valid_from
    or (next_valid_from is not null and (valid_to is null or valid_to > next_valid_from))
{% endtest %}

{# Something that is true of every row. #}
{% test expression_holds(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}

{# Exactly these members, each with a rule on the same days as the others: on every day on which a
   rule begins, all of them hold or none does. #}
{% test same_days(model, key, members) %}
with days as (
    select distinct valid_from as day_on
    from {{ model }}
),

holding as (
    select
        days.day_on,
        count(distinct rule.{{ key }}) as members_cnt
    from days
    inner join {{ model }} as rule
        on {{ holds_in("rule", "days.day_on") }}
    group by days.day_on
)

select cast(day_on as {{ dbt.type_string() }}) as fault
from holding
where members_cnt <> {{ members | length }}
union all
select {{ key }} as fault
from {{ model }}
where {{ key }} not in ({% for m in members %}'{{ m }}'{{ ", " if not loop.last }}{% endfor %})
{% endtest %}

{# A higher level of a warning is not easier to reach than a lower one that holds on the same day. #}
{% test levels_rise(model) %}
select
    lower.rule_id as lower_rule_id,
    higher.rule_id as higher_rule_id
from {{ model }} as lower
inner join {{ model }} as higher
    on
        lower.warning_type = higher.warning_type
        and lower.warning_level < higher.warning_level
        and lower.valid_from < coalesce(higher.valid_to, cast('9999-12-31' as date))
        and higher.valid_from < coalesce(lower.valid_to, cast('9999-12-31' as date))
where
    higher.threshold_value < lower.threshold_value
    or higher.floor_value < lower.floor_value
    or higher.min_customer_grade < lower.min_customer_grade
    or (
        higher.threshold_value is not distinct from lower.threshold_value
        and higher.floor_value is not distinct from lower.floor_value
        and higher.min_customer_grade = lower.min_customer_grade
    )
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

{# A changed month is processed with so many later ones (reach_months of the baseline model); with a
   longer baseline these would keep numbers made from the old month. #}
{% test baseline_within_reach(model) %}
{%- if execute %}
{%- set baseline = graph.nodes["model.telmart.int_subscriber_month__baseline"] %}
select rule_id, baseline_months
from {{ model }}
where baseline_months > {{ baseline.config.meta["reach_months"] }}
{%- endif %}
{% endtest %}
