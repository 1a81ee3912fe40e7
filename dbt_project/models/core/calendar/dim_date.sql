-- grain: one row per day of the calendar
with days as (
    {{ dbt.date_spine(
        "day",
        "cast('" ~ var("calendar_from") ~ "' as date)",
        dbt.dateadd("day", 1, "cast('" ~ var("calendar_to") ~ "' as date)")
    ) }}
),

gregorian as (
    select
        cast(date_day as date) as date_day,
        cast({{ dbt.date_trunc("month", "date_day") }} as date) as stat_month,
        cast(extract(year from date_day) as integer) as year_no,
        cast(extract(quarter from date_day) as integer) as quarter_no,
        cast(extract(month from date_day) as integer) as month_no,
        cast(extract(day from date_day) as integer) as day_no,
        -- 1 = Monday ... 7 = Sunday, counted from a Monday: engines disagree on day-of-week numbers
        cast(
            mod({{ dbt.datediff("cast('2001-01-01' as date)", "date_day", "day") }}, 7) + 1
            as integer
        ) as weekday_no,
        cast({{ dbt.last_day("date_day", "month") }} as date) as month_end_on
    from days
),

-- From one Spring Festival to the day before the next; the last known one has no end.
festivals as (
    select
        starts_on as festival_on,
        lead(starts_on) over (order by starts_on) as next_festival_on
    from {{ ref("lunar_month") }}
    where lunar_month_no = 1 and not is_leap_month
),

rules as (
    select
        gregorian.date_day,
        {{ parameter("rule", "parameter", "planning_year_starts_in_month") }}
            as planning_year_starts_in_month,
        {{ parameter("rule", "parameter", "appraisal_month_starts_on_day") }}
            as appraisal_month_starts_on_day
    from gregorian
    inner join {{ ref("calendar_rule") }} as rule
        on {{ holds_in("rule", "gregorian.date_day") }}
    group by gregorian.date_day
),

joined as (
    select
        gregorian.*,
        lunar.lunar_year_no,
        lunar.lunar_month_no,
        cast({{ dbt.datediff("lunar.starts_on", "gregorian.date_day", "day") }} + 1 as integer)
            as lunar_day_no,
        lunar.is_leap_month as is_lunar_leap_month,
        cast({{ dbt.datediff("festivals.festival_on", "gregorian.date_day", "day") }} as integer)
            as days_since_festival,
        cast(
            {{ dbt.datediff("gregorian.date_day", "festivals.next_festival_on", "day") }}
            as integer
        ) as days_to_festival,
        period.day_type = 'holiday' as is_in_holiday,
        period.day_type = 'make_up_workday' as is_in_make_up,
        period.holiday_code,
        period.holiday_name,
        period.holiday_name_en,
        period.state as holiday_state,
        case
            when
                rules.planning_year_starts_in_month > 1
                and gregorian.month_no >= rules.planning_year_starts_in_month
                then gregorian.year_no + 1
            else gregorian.year_no
        end as planning_year_no,
        -- a month that begins on the 26th is called after the month in which it ends
        case
            when
                rules.appraisal_month_starts_on_day > 1
                and gregorian.day_no >= rules.appraisal_month_starts_on_day
                then {{ add_months("gregorian.stat_month", 1) }}
            else gregorian.stat_month
        end as appraisal_month
    from gregorian
    left join {{ ref("lunar_month") }} as lunar
        on
            lunar.starts_on <= gregorian.date_day
            and gregorian.date_day < {{ dbt.dateadd("day", "lunar.days_cnt", "lunar.starts_on") }}
    left join festivals
        on
            festivals.festival_on <= gregorian.date_day
            and gregorian.date_day < festivals.next_festival_on
    left join {{ ref("holiday") }} as period
        on gregorian.date_day between period.from_on and period.to_on
    left join rules
        on gregorian.date_day = rules.date_day
),

final as (
    select
        date_day,
        stat_month,
        year_no,
        quarter_no,
        month_no,
        day_no,
        weekday_no,
        month_end_on,
        lunar_year_no,
        lunar_month_no,
        lunar_day_no,
        is_lunar_leap_month,
        case when days_since_festival = 0 then 0 else days_to_festival end
            as days_to_next_spring_festival,
        -- the nearest festival; the coming one where both are as far
        case when days_since_festival < days_to_festival then days_since_festival
            else -days_to_festival
        end as days_from_spring_festival,
        coalesce(is_in_holiday, false) as is_holiday,
        coalesce(is_in_make_up, false) as is_make_up_workday,
        case
            when is_in_holiday then false
            when is_in_make_up then true
            else weekday_no <= 5
        end as is_workday,
        case
            when is_in_holiday then 'holiday'
            when is_in_make_up then 'make_up_workday'
            {%- for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] %}
            when weekday_no = {{ loop.index }} then '{{ day }}'
            {%- endfor %}
        end as day_kind,
        holiday_code,
        holiday_name,
        holiday_name_en,
        holiday_state,
        planning_year_no,
        appraisal_month,
        cast(extract(year from appraisal_month) as integer) as appraisal_year_no,
        cast(extract(quarter from appraisal_month) as integer) as appraisal_quarter_no
    from joined
)

select * from final
