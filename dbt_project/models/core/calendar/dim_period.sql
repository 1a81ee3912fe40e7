-- grain: one row per period of whole months (month, January and February together, quarter, year,
-- planning year)
--
-- Only periods that the calendar has in full. A period of a kind follows the one before it and is
-- compared with the one a year earlier, so that no report has to count months.
{%- set kinds = {
    "month": {"order_no": "year_no * 12 + month_no", "months": 1, "a_year": 12},
    "jan_feb": {"order_no": "year_no", "months": 2, "a_year": 1},
    "quarter": {"order_no": "year_no * 4 + quarter_no", "months": 3, "a_year": 4},
    "year": {"order_no": "year_no", "months": 12, "a_year": 1},
    "planning_year": {"order_no": "planning_year_no", "months": 12, "a_year": 1},
} %}
with months as (
    select * from {{ ref("dim_month") }}
),

numbered as (
    {%- for kind, rule in kinds.items() %}
    select
        '{{ kind }}' as period_type,
        {{ rule.order_no }} as order_no,
        months.*
    from months
    {%- if kind == "jan_feb" %}
    where month_no <= 2
    {%- endif %}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

periods as (
    select
        period_type,
        order_no,
        min(stat_month) as starts_in_month,
        max(stat_month) as ends_in_month,
        max(month_end_on) as ends_on,
        max(year_no) as year_no,
        max(quarter_no) as quarter_no,
        max(month_no) as month_no,
        max(planning_year_no) as planning_year_no,
        max(year_ago_month_aligned) as year_ago_month_aligned,
        cast(count(*) as integer) as months_cnt,
        cast(sum(days_cnt) as integer) as days_cnt,
        cast(sum(workdays_cnt) as integer) as workdays_cnt
    from numbered
    group by period_type, order_no
    having count(*) = case period_type
        {%- for kind, rule in kinds.items() %}
        when '{{ kind }}' then {{ rule.months }}
        {%- endfor %}
    end
),

{%- set year = dbt.cast("year_no", dbt.type_string()) %}
{%- set month = dbt.cast("100 + month_no", dbt.type_string()) %}
{%- set quarter = dbt.cast("quarter_no", dbt.type_string()) %}
{%- set planning_year = dbt.cast("planning_year_no", dbt.type_string()) %}

named as (
    select
        periods.*,
        case period_type
            when 'month' then {{ dbt.concat([year, "'-'", dbt.right(month, 2)]) }}
            when 'jan_feb' then {{ dbt.concat([year, "'-01..02'"]) }}
            when 'quarter' then {{ dbt.concat([year, "'-Q'", quarter]) }}
            when 'year' then {{ year }}
            when 'planning_year' then {{ dbt.concat(["'P'", planning_year]) }}
        end as period_id
    from periods
),

final as (
    select
        named.period_id,
        named.period_type,
        named.starts_in_month as starts_on,
        named.ends_on,
        named.starts_in_month,
        named.ends_in_month,
        named.months_cnt,
        named.days_cnt,
        named.workdays_cnt,
        previous.period_id as previous_period_id,
        year_ago.period_id as year_ago_period_id,
        case when named.period_type = 'month' then aligned.period_id else year_ago.period_id end
            as year_ago_period_id_aligned
    from named
    left join named as previous
        on
            named.period_type = previous.period_type
            and named.order_no - 1 = previous.order_no
    left join named as year_ago
        on
            named.period_type = year_ago.period_type
            and named.order_no - case named.period_type
                {%- for kind, rule in kinds.items() %}
                when '{{ kind }}' then {{ rule.a_year }}
                {%- endfor %}
            end = year_ago.order_no
    left join named as aligned
        on
            named.period_type = 'month'
            and aligned.period_type = 'month'
            and named.year_ago_month_aligned = aligned.starts_in_month
)

select * from final
