{#
    The invariants of rule tables. `telmart rules check` holds the same ones to the CSV files before
    anything is loaded, with the same arguments from the YAML (orchestration/rules/invariants); a
    test spoils every table and expects both to see it. A `key` is a list of columns, [] where the
    whole table is meant.
#}

{# Every day on which the rules of a table may change: one begins, or one ends. #}
{% macro days_of_change(model) -%}
    select valid_from as day_on
    from {{ model }}
    union
    select valid_to as day_on
    from {{ model }}
    where valid_to is not null
{%- endmacro %}

{# These columns have a value in every row. #}
{% test filled(model, columns) %}
select *
from {{ model }}
where {% for column in columns %}{{ "or " if not loop.first }}{{ column }} is null {% endfor %}
{% endtest %}

{# What is true of every row: {expression, about, says} each, in one query. `about`, the columns it
   speaks of, and `says`, what it means in plain words, are for whom `rules check` tells of a row. #}
{% test each_row(model, rules) %}
{%- for rule in rules %}
select
    '{{ rule.about | join(", ") }}' as about,
    tested.*
from {{ model }} as tested
where not coalesce({{ rule.expression }}, false)
{{ "union all" if not loop.last }}
{%- endfor %}
{% endtest %}

{# The rules of each value of `key`, each beside the first day of the one after it. #}
{% macro with_next(model, key) -%}
    select
        rule_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            {% if key %}partition by {{ key | join(", ") }}{% endif %}
            order by valid_from
        ) as next_valid_from
    from {{ model }}
{%- endmacro %}

{# No value of `key` has two rows of an effective-dated rule table on one day, and none ends before
   it begins. #}
{% test no_overlap(model, key) %}
with ordered as (
    {{ with_next(model, key) }}
)

select *
from ordered
where
    valid_to <= valid_from
    or (next_valid_from is not null and (valid_to is null or valid_to > next_valid_from))
{% endtest %}

{# No value of `key` is without a rule between its first and its last. #}
{% test no_gap(model, key) %}
with ordered as (
    {{ with_next(model, key) }}
)

select *
from ordered
where next_valid_from > valid_to
{% endtest %}

{# Exactly these members, each with a rule on the same days as the others: on every day on which
   rules change, all of them hold or none does. `per`: for each of these values apart. #}
{% test same_days(model, key, members, per=none) %}
{%- set apart = per or [] %}
with days as (
    {{ days_of_change(model) }}
),

holding as (
    select
        days.day_on,
        {%- for column in apart %}
        rule.{{ column }},
        {%- endfor %}
        count(distinct rule.{{ key }}) as members_cnt
    from days
    inner join {{ model }} as rule
        on {{ holds_in("rule", "days.day_on") }}
    group by days.day_on{% for column in apart %}, rule.{{ column }}{% endfor %}
)

select cast(day_on as {{ dbt.type_string() }}) as fault
from holding
where members_cnt <> {{ members | length }}
union all
select {{ key }} as fault
from {{ model }}
where {{ key }} not in ({% for m in members %}'{{ m }}'{{ ", " if not loop.last }}{% endfor %})
{% endtest %}

{# On every day the weights of each `key` sum to `total`; a key without weights (all empty) has
   none to sum. #}
{% test weights_sum(model, key, weight, total=1) %}
with days as (
    {{ days_of_change(model) }}
)

select
    days.day_on,
    min(rule.rule_id) as rule_id,
    sum(rule.{{ weight }}) as weight_sum
from days
inner join {{ model }} as rule
    on {{ holds_in("rule", "days.day_on") }}
group by days.day_on{% for column in key %}, rule.{{ column }}{% endfor %}
having sum(rule.{{ weight }}) <> {{ total }}
{% endtest %}

{# Of two members of the same `key` that hold on the same day, `heavier` has the greater weight. #}
{% test outweighs(model, key, member, weight, heavier, lighter) %}
select
    heavier.rule_id as heavier_rule_id,
    lighter.rule_id as lighter_rule_id
from {{ model }} as heavier
inner join {{ model }} as lighter
    on {{ same_day("heavier", "lighter") }}
    {%- for column in key %}
    and heavier.{{ column }} = lighter.{{ column }}
    {%- endfor %}
where
    heavier.{{ member }} = '{{ heavier }}'
    and lighter.{{ member }} = '{{ lighter }}'
    and not coalesce(heavier.{{ weight }} > lighter.{{ weight }}, false)
{% endtest %}

{# Along `along`, from its least value on, `column` rises, falls, never_falls or never_rises, among
   the rows of one `key` that hold on the same day. #}
{% test ordered(model, key, along, column, direction) %}
{%- set wrong = {"rises": "<=", "falls": ">=", "never_falls": "<", "never_rises": ">"} %}
select
    earlier.rule_id as earlier_rule_id,
    later.rule_id as later_rule_id
from {{ model }} as earlier
inner join {{ model }} as later
    on {{ same_day("earlier", "later") }}
    {%- for name in key %}
    and earlier.{{ name }} = later.{{ name }}
    {%- endfor %}
    and earlier.{{ along }} < later.{{ along }}
where later.{{ column }} {{ wrong[direction] }} earlier.{{ column }}
{% endtest %}

{# On every day the least `column` of each `key` is `value`, so that nobody is below the table. #}
{% test begins_at(model, key, column, value) %}
with days as (
    {{ days_of_change(model) }}
)

select
    days.day_on,
    min(rule.rule_id) as rule_id
from days
inner join {{ model }} as rule
    on {{ holds_in("rule", "days.day_on") }}
group by days.day_on{% for name in key %}, rule.{{ name }}{% endfor %}
having min(rule.{{ column }}) <> {{ value }}
{% endtest %}

{# What these columns name is in the other table; `besides`: values that stand for no row of it. #}
{% test references(model, columns, to, to_columns=none, besides=[]) %}
{%- set to_columns = to_columns or columns %}
with referred as (
    select distinct {{ to_columns | join(", ") }}
    from {{ to }}
)

select tested.*
from {{ model }} as tested
left join referred
    on
    {%- for column in columns %}
        {{ "and " if not loop.first }}tested.{{ column }} = referred.{{ to_columns[loop.index0] }}
    {%- endfor %}
where
    referred.{{ to_columns[0] }} is null
    {%- for column in columns %}
    and tested.{{ column }} is not null
    {%- for value in besides %}
    and tested.{{ column }} <> '{{ value }}'
    {%- endfor %}
    {%- endfor %}
{% endtest %}

{# On every day, what holds in the other table has a row that holds in this one. #}
{% test complete_for(model, columns, to, to_columns=none) %}
{%- set to_columns = to_columns or columns %}
with days as (
    {{ days_of_change(model) }}
    union
    {{ days_of_change(to) }}
),

holding as (
    select
        days.day_on
        {%- for column in columns %},
        rule.{{ column }}
        {%- endfor %}
    from days
    inner join {{ model }} as rule
        on {{ holds_in("rule", "days.day_on") }}
)

select
    days.day_on,
    demanded.rule_id
from days
inner join {{ to }} as demanded
    on {{ holds_in("demanded", "days.day_on") }}
left join holding
    on
        days.day_on = holding.day_on
        {%- for column in columns %}
        and demanded.{{ to_columns[loop.index0] }} = holding.{{ column }}
        {%- endfor %}
where holding.day_on is null
{% endtest %}

{# A number comes from a requirement, or it is ours. #}
{% test known_source(model) %}
select *
from {{ model }}
where
    not coalesce(
        source = 'ours' or (length(source) = 4 and source between 'R001' and 'R247'),
        false
    )
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
        and {{ same_day("lower", "higher") }}
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

{# A changed month is processed with so many later ones (reach_months of the model); a rule that
   looks back longer would leave these with numbers made from the old month. #}
{% test within_reach(model, model_name, months, with_its_own=true) %}
{%- if execute %}
{%- set reach = graph.nodes["model.telmart." ~ model_name].config.meta["reach_months"] %}
select rule_id, {{ months }}
from {{ model }}
where {{ months }} > {{ reach + 1 if with_its_own else reach }} or {{ months }} < 1
{%- else %}
select 1 as one where 1 = 0
{%- endif %}
{% endtest %}
