-- grain: one row per business month of the calendar
with days as (
    select * from {{ ref("dim_date") }}
),

final as (
    select
        stat_month,
        month_end_on,
        cast({{ add_months("stat_month", -1) }} as date) as previous_month,
        cast({{ add_months("stat_month", -12) }} as date) as year_ago_month,
        year_no,
        quarter_no,
        month_no,
        -- planning years start in October (规划年度)
        case when month_no >= 10 then year_no + 1 else year_no end as planning_year_no
    from days
    where date_day = stat_month
)

select * from final
