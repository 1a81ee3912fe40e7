{# Whether a moment or a day lies in the business month of its row. What happened in a month can be
   counted from rows that tell of it in several months, once. #}
{% macro in_its_month(moment, month) -%}
    coalesce(
        cast({{ moment }} as date) >= {{ month }}
        and cast({{ moment }} as date) < {{ add_months(month, 1) }},
        false
    )
{%- endmacro %}

{# Calendar minutes from one moment to another, to the second; null while one is missing. The scale
   is stated because engines choose different ones for a quotient. #}
{% macro elapsed_min(from_at, to_at) -%}
    cast(({{ dbt.datediff(from_at, to_at, "second") }}) / 60.0 as numeric(18, 6))
{%- endmacro %}

{# Whole days from one day to another; negative when the second comes first. #}
{% macro elapsed_days(from_on, to_on) -%}
    cast({{ dbt.datediff(from_on, to_on, "day") }} as integer)
{%- endmacro %}

{# Where an outlet's row belongs, as it was in the month of the row. #}
{% macro outlet_columns(channel="channel") -%}
    {{ channel }}.channel_class,
    {{ channel }}.channel_type,
    {{ channel }}.area_id,
    {{ channel }}.channel_manager_id
{%- endmacro %}

{# The join behind `outlet_columns`; an outlet the list does not know keeps its row. #}
{% macro outlet_join(fact, outlet_id="outlet_id", channel="channel") -%}
left join {{ ref("dim_channel") }} as {{ channel }}
        on
            {{ fact }}.stat_month = {{ channel }}.stat_month
            and {{ fact }}.{{ outlet_id }} = {{ channel }}.channel_id
{%- endmacro %}

{# Where a group customer's row belongs, as it was in the month of the row. #}
{% macro group_join(fact, customer="customer") -%}
left join {{ ref("stg_crm__group_customer") }} as {{ customer }}
        on
            {{ fact }}.stat_month = {{ customer }}.stat_month
            and {{ fact }}.group_id = {{ customer }}.group_id
{%- endmacro %}

{# Of the monthly rows about one thing, the latest, as CTE body: see decision 54. #}
{% macro latest_of(model, key) -%}
    select
        state.*,
        row_number() over (partition by state.{{ key }} order by state.stat_month desc) as nth
    from {{ model }} as state
{%- endmacro %}

{# Rows of a quarterly survey by the months in which they hold: each month takes the latest survey of
   its own and the two before, whole, as CTE body. `known` names a column that a survey fills. #}
{% macro surveys_of(model, known) -%}
    select
        months.stat_month as holds_in_month,
        survey.*
    from (
        select
            own.stat_month,
            max(sent.stat_month) as survey_month
        from (
            select distinct stat_month from {{ ref("dim_org_unit") }}
            where {{ in_months("stat_month") }}
        ) as own
        inner join (
            select distinct stat_month from {{ model }}
            where {{ known }} is not null
        ) as sent
            on
                own.stat_month >= sent.stat_month
                and {{ add_months("own.stat_month", -2) }} <= sent.stat_month
        group by own.stat_month
    ) as months
    inner join {{ model }} as survey
        on months.survey_month = survey.stat_month
{%- endmacro %}

{# References of a row into tables that have a state for each month, all in one query:
   [{columns: […], to: ref('…'), to_columns: […]}, …]. Missing values refer to nothing, and a month
   that the other table lacks altogether is not judged: its feed is off, or late and told so. `there`
   names another table to tell that by, where `to` has rows of its own in every month. #}
{% test refers_in_month(model, references) %}
with tested as (
    select *
    from {{ model }}
)
{% for reference in references %}
{%- set to_columns = reference.get("to_columns") or reference["columns"] %}
select
    '{{ reference["columns"] | join(", ") }}' as referring,
    tested.stat_month,
    tested.{{ reference["columns"][0] }} as missing
from tested
left join {{ reference["to"] }} as referred
    on
        tested.stat_month = referred.stat_month
        -- what is tested is of these months only; the planner does not see it through the join
        and {{ in_months("referred.stat_month") }}
    {%- for column in reference["columns"] %}
        and tested.{{ column }} = referred.{{ to_columns[loop.index0] }}
    {%- endfor %}
where
    referred.stat_month is null
    {%- for column in reference["columns"] %}
    and tested.{{ column }} is not null
    {%- endfor %}
    and tested.stat_month in (
        select there.stat_month from {{ reference.get("there") or reference["to"] }} as there
        where {{ in_months("there.stat_month") }}
    )
{{ "union all" if not loop.last }}
{%- endfor %}
{% endtest %}
