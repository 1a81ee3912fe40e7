-- grain: one row per day of the calendar
with days as (
    {{ dbt.date_spine(
        "day",
        "cast('" ~ var("calendar_from") ~ "' as date)",
        dbt.dateadd("day", 1, "cast('" ~ var("calendar_to") ~ "' as date)")
    ) }}
),

final as (
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
)

select * from final
