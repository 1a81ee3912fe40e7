-- grain: one row per business month of the calendar
with months as (
    select * from {{ ref("dim_date") }}
    where date_day = stat_month
),

counts as (
    select
        stat_month,
        cast(count(*) as integer) as days_cnt,
        cast(sum(case when is_workday then 1 else 0 end) as integer) as workdays_cnt,
        cast(sum(case when is_holiday then 1 else 0 end) as integer) as holidays_cnt
    from {{ ref("dim_date") }}
    group by stat_month
),

-- The festival lies between 21 January and 20 February: one a year, in its first or second month.
festivals as (
    select
        cast(extract(year from starts_on) as integer) as year_no,
        cast(extract(month from starts_on) as integer) as month_no
    from {{ ref("lunar_month") }}
    where lunar_month_no = 1 and not is_leap_month
),

joined as (
    select
        months.*,
        counts.days_cnt,
        counts.workdays_cnt,
        counts.holidays_cnt,
        festival.month_no = months.month_no as has_spring_festival,
        -- a year without a known festival before it leaves the aligned month unknown
        festival.month_no <> year_ago.month_no as is_shifted_year,
        cast({{ add_months("months.stat_month", -12) }} as date) as year_ago_month
    from months
    inner join counts
        on months.stat_month = counts.stat_month
    left join festivals as festival
        on months.year_no = festival.year_no
    left join festivals as year_ago
        on months.year_no - 1 = year_ago.year_no
),

final as (
    select
        stat_month,
        month_end_on,
        cast({{ add_months("stat_month", -1) }} as date) as previous_month,
        year_ago_month,
        year_no,
        quarter_no,
        month_no,
        planning_year_no,
        appraisal_year_no,
        appraisal_quarter_no,
        days_cnt,
        workdays_cnt,
        holidays_cnt,
        has_spring_festival,
        month_no <= 2 and is_shifted_year as is_spring_festival_shifted,
        -- docs/decisions/0050: the festival month is compared with the festival month
        case
            when month_no > 2 or not is_shifted_year then year_ago_month
            when is_shifted_year and month_no = 1 then {{ add_months("year_ago_month", 1) }}
            when is_shifted_year and month_no = 2 then {{ add_months("year_ago_month", -1) }}
        end as year_ago_month_aligned
    from joined
)

select * from final
