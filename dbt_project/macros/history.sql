{#
    The history (SCD2) of an entity, rebuilt from its monthly snapshots: one row per stretch of
    months in which nothing of `attributes` changed.

    `snapshots` has one row per stat_month and entity, and lists every entity there is at the end of
    that month: who is missing has been deleted, who is back begins a new row. A month of which no
    snapshot was ever loaded says nothing: the state before it runs on through it. valid_from is the
    first month of a stretch, valid_to the first month that is otherwise (none: still so).

    Run for some months it reads only their snapshots, compares them with what the table says of
    these months, and makes anew the entities that differ; the other months of those it takes from
    the table itself. The rows follow from the snapshots alone, in whatever order they were loaded:
    docs/decisions/0053-history-from-snapshots.md.
#}
{% macro history(snapshots, key, attributes) -%}
{%- set some = telmart.months_processed() -%}
with timeline as (
    -- one probe a month: planned as a join it would read every snapshot to find their months
    select
        months.stat_month,
        lag(months.stat_month) over (order by months.stat_month) as previous_month,
        lead(months.stat_month) over (order by months.stat_month) as next_month
    from {{ ref("dim_month") }} as months
    cross join lateral (
        select 1 as one
        from {{ snapshots }} as snapshot
        where snapshot.stat_month = months.stat_month
        limit 1
    ) as loaded
),

processed as (
    select stat_month, {{ key }}, {{ attributes | join(", ") }}
    from {{ snapshots }}
    where {{ telmart.in_months("stat_month") }}
),
{% if some %}
known as (
    select * from {{ this }}
),

processed_months as (
    select
        months.stat_month,
        timeline.stat_month is not null as is_loaded
    from {{ ref("dim_month") }} as months
    left join timeline
        on months.stat_month = timeline.stat_month
    where {{ telmart.in_months("months.stat_month") }}
),

-- what the table says of the processed months so far
told as (
    select processed_months.stat_month, known.*
    from known
    inner join processed_months
        on {{ telmart.holds_in("known", "processed_months.stat_month") }}
),

changed as (
    select coalesce(processed.{{ key }}, told.{{ key }}) as {{ key }}
    from processed
    full join told
        on processed.stat_month = told.stat_month and processed.{{ key }} = told.{{ key }}
    where
        processed.{{ key }} is null
        or told.{{ key }} is null
        or {{ telmart.differs("processed", "told", attributes) | indent(8) }}
    union
    -- a month whose snapshot was taken back joins what it had kept apart, for anybody
    select {{ key }}
    from known
    where exists (select 1 from processed_months where not is_loaded)
),
{% endif %}
states as (
    {%- if some %}
    select processed.*
    from processed
    inner join changed
        on processed.{{ key }} = changed.{{ key }}
    union all
    select
        timeline.stat_month,
        known.{{ key }}
        {%- for attribute in attributes %},
        known.{{ attribute }}
        {%- endfor %}
    from known
    inner join changed
        on known.{{ key }} = changed.{{ key }}
    inner join timeline
        on {{ telmart.holds_in("known", "timeline.stat_month") }}
    where timeline.stat_month not in (select stat_month from processed_months)
    {%- else %}
    select * from processed
    {%- endif %}
),

marked as (
    select
        states.*,
        timeline.next_month,
        case
            when earlier.{{ key }} is null then 1
            when {{ telmart.differs("states", "earlier", attributes) | indent(12) }} then 1
            else 0
        end as is_start
    from states
    inner join timeline
        on states.stat_month = timeline.stat_month
    left join states as earlier
        on
            timeline.previous_month = earlier.stat_month
            and states.{{ key }} = earlier.{{ key }}
),

numbered as (
    select
        marked.*,
        cast(
            sum(is_start) over (
                partition by {{ key }}
                order by stat_month
                rows between unbounded preceding and current row
            ) as integer
        ) as version_no
    from marked
),

stretches as (
    select
        {{ key }},
        version_no,
        {%- for attribute in attributes %}
        {{ attribute }},
        {%- endfor %}
        min(stat_month) as valid_from,
        -- the latest month has no next one: its stretch is open
        case when count(next_month) = count(*) then max(next_month) end as valid_to
    from numbered
    group by
        {{ key }},
        {%- for attribute in attributes %}
        {{ attribute }},
        {%- endfor %}
        version_no
),

final as (
    select
        stretches.*,
        valid_to is null as is_current
    from stretches
    {%- if some %}
    union all
    -- of whom no month is left: a row without a month, which takes the old ones away
    select
        changed.{{ key }},
        cast(null as integer) as version_no,
        {%- for attribute in attributes %}
        known.{{ attribute }},
        {%- endfor %}
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        cast(null as boolean) as is_current
    from changed
    inner join known
        on changed.{{ key }} = known.{{ key }} and known.version_no = 1
    where changed.{{ key }} not in (select {{ key }} from states)
    {%- endif %}
)

select * from final
{%- endmacro %}

{# Whether two rows differ in any of the columns; two nulls do not differ. #}
{% macro differs(one, other, columns) -%}
    {%- for column in columns %}
    {{- "or " if not loop.first }}{{ one }}.{{ column }} is distinct from {{ other }}.{{ column }}
    {%- if not loop.last %}
{% endif %}
    {%- endfor %}
{%- endmacro %}

{#
    Puts the entities made anew in the place of their old rows; all of them, when all months were
    processed. A history lives in PostgreSQL whatever engine makes the facts.
#}
{% macro get_incremental_history_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    {%- set key = arg_dict["unique_key"] -%}
    delete from {{ arg_dict["target_relation"] }}
    {%- if telmart.months_processed() %}
    where {{ key }} in (select {{ key }} from {{ arg_dict["temp_relation"] }})
    {%- endif %};
    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict["temp_relation"] }}
    where valid_from is not null
{% endmacro %}
