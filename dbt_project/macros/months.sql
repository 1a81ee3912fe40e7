{#
    Which business months this run processes.

    `months`, a list of first days ('2026-10-01'), comes as a variable or, so that dbt need not
    parse the project anew for every list, in the environment: TELMART_MONTHS="2026-09-01 2026-10-01".
    None given, or --full-refresh, or a table that does not exist yet: all months, returned as [].
#}
{% macro months_processed() -%}
    {%- if not execute or flags.FULL_REFRESH -%}{{ return([]) }}{%- endif -%}
    {%- if model.config.materialized == "incremental" and not is_incremental() -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(telmart.months_given()) }}
{%- endmacro %}

{% macro months_given() -%}
    {%- set given = var("months", none) or env_var("TELMART_MONTHS", "").split() -%}
    {%- for month in given -%}
        {%- if not modules.re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])-01", month | string) -%}
            {%- do exceptions.raise_compiler_error(
                "months: '" ~ month ~ "' is not the first day of a month, like 2026-10-01"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(given | map("string") | list) }}
{%- endmacro %}

{#
    The filter of every model that is processed by month: `where {{ in_months('stat_month') }}`.
    Literals rather than a join, so that partitions of raw are skipped when the query is planned.
    `shift`: the months that lie so many months later (-1: each month's previous one).
#}
{% macro in_months(column, shift=0) -%}
    {%- set months = telmart.months_processed() -%}
    {%- if not months -%}
        1 = 1
    {%- else -%}
        {{ column }} in (
            {%- for month in months -%}
                {%- set n = (month[:4] | int) * 12 + (month[5:7] | int) - 1 + shift -%}
                cast('{{ "%04d-%02d-01" | format(n // 12, n % 12 + 1) }}' as date)
                {{- ", " if not loop.last }}
            {%- endfor -%}
        )
    {%- endif -%}
{%- endmacro %}

{#
    The months processed and those `reach` months back: `where {{ in_reach('stat_month', 11) }}`. What
    looks back so far says it too in its meta, `reach_months`, for the months that a change touches.
#}
{% macro in_reach(column, reach) -%}
    (
        {%- for back in range(reach + 1) -%}
            {{ " or " if not loop.first }}{{ telmart.in_months(column, -back) }}
        {%- endfor -%}
    )
{%- endmacro %}

{#
    Replaces the processed months in the target. Not dbt's delete+insert: that deletes the months
    it finds in the new rows, so a month that became empty would keep its old ones.
    The month column of a model is stat_month unless its meta names another (`month_column`).
#}
{% macro get_incremental_months_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    {%- set month_column = config.get("meta", {}).get("month_column", "stat_month") -%}
    delete from {{ arg_dict["target_relation"] }}
    where {{ telmart.in_months(month_column) }};
    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict["temp_relation"] }}
{% endmacro %}

{#
    Tests look at the processed months only, so that what a run costs follows what changed. dbt
    calls this for the model under test; the models whose YAML lists stat_month are filtered.
#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get("where", "") -%}
    {%- if execute and model.attached_node -%}
        {%- set tested = graph.nodes.get(model.attached_node, {}) -%}
        {%- if "stat_month" in tested.get("columns", {}) and telmart.months_processed() -%}
            {%- set where = (where ~ " and " if where else "") ~ telmart.in_months("stat_month") -%}
        {%- endif -%}
    {%- endif -%}
    {%- if where -%}
        {#- no alias: a test may give its own; PostgreSQL from 16 on and Spark need none -#}
        (select * from {{ relation }} where {{ where }})
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{# The month so many months after (before, when negative) the month in `column`. #}
{% macro add_months(column, count) -%}
    cast({{ dbt.dateadd("month", count, column) }} as date)
{%- endmacro %}
