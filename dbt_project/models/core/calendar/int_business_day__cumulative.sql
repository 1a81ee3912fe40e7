-- grain: one row per calendar of business hours and day
--
-- The business minutes of all earlier days, and the day's own hours in up to two sessions (before
-- and after a break). The time between two moments is then a difference of two sums, whatever lies
-- between them; macros/business_time.sql does it.
with hours as (
    select
        rule.*,
        {%- for at in ["opens", "closes"] %}
        cast(substring(rule.{{ at }}_at, 1, 2) as integer) * 60
        + cast(substring(rule.{{ at }}_at, 4, 2) as integer)
            as {{ at }}_min{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref("business_hours") }} as rule
),

calendars as (
    select distinct calendar_id
    from hours
),

sessions as (
    select
        hours.calendar_id,
        days.date_day,
        hours.opens_min,
        hours.closes_min,
        row_number() over (
            partition by hours.calendar_id, days.date_day
            order by hours.opens_min
        ) as session_no
    from {{ ref("dim_date") }} as days
    inner join hours
        on days.day_kind = hours.day_kind and {{ holds_in("hours", "days.date_day") }}
),

-- also the days on which nobody works: a moment of such a day must find its row
by_day as (
    select
        calendars.calendar_id,
        days.date_day,
        {%- for n in [1, 2] %}
        coalesce(max(case when sessions.session_no = {{ n }} then sessions.opens_min end), 0)
            as opens_min_{{ n }},
        coalesce(max(case when sessions.session_no = {{ n }} then sessions.closes_min end), 0)
            as closes_min_{{ n }},
        {%- endfor %}
        coalesce(sum(sessions.closes_min - sessions.opens_min), 0) as business_min,
        count(sessions.session_no) as sessions_cnt
    from calendars
    cross join {{ ref("dim_date") }} as days
    left join sessions
        on
            calendars.calendar_id = sessions.calendar_id
            and days.date_day = sessions.date_day
    group by calendars.calendar_id, days.date_day
),

final as (
    select
        calendar_id,
        date_day,
        cast(opens_min_1 as integer) as opens_min_1,
        cast(closes_min_1 as integer) as closes_min_1,
        cast(opens_min_2 as integer) as opens_min_2,
        cast(closes_min_2 as integer) as closes_min_2,
        cast(sessions_cnt as integer) as sessions_cnt,
        cast(business_min as integer) as business_min,
        cast(
            sum(business_min) over (
                partition by calendar_id
                order by date_day
                rows between unbounded preceding and current row
            ) - business_min
            as bigint
        ) as earlier_business_min
    from by_day
)

select * from final
