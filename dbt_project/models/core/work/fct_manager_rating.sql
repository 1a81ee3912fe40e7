-- grain: one row per business month and account manager, as at the end of the month
with ratings as (
    select * from {{ ref("stg_hr__manager_rating") }}
),

staff as (
    select * from {{ ref("dim_staff") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

final as (
    select
        ratings.stat_month,
        ratings.staff_id,
        staff.org_unit_id,
        ratings.grade,
        ratings.graded_on,
        ratings.last_result,
        {{ in_its_month("ratings.graded_on", "ratings.stat_month") }} as is_graded_in_month,
        ratings.next_eligible_on,
        coalesce(ratings.next_eligible_on <= months.month_end_on, false) as is_eligible_by_time,
        ratings.required_certificate,
        ratings.customer_type,
        ratings.responsibility_signed_on,
        ratings.responsibility_signed_on is not null as has_signed_responsibility,
        ratings.awareness_floor,
        ratings.satisfaction_floor,
        ratings.authority_limit_amt,
        ratings.reward_amt,
        ratings.penalty_amt,
        ratings.supervisor_staff_id
    from ratings
    inner join months
        on ratings.stat_month = months.stat_month
    left join staff
        on ratings.stat_month = staff.stat_month and ratings.staff_id = staff.staff_id
)

select * from final
