-- grain: one row per business month, account manager and skill, by the latest assessment
with scores as (
    select * from {{ ref("stg_hr__capability_score") }}
),

staff as (
    select * from {{ ref("dim_staff") }}
),

final as (
    select
        scores.stat_month,
        scores.staff_id,
        scores.skill,
        staff.org_unit_id,
        scores.half_year,
        scores.assessed_on,
        {{ in_its_month("scores.assessed_on", "scores.stat_month") }} as is_assessed_in_month,
        scores.self_score,
        scores.supervisor_score,
        scores.customer_score,
        scores.target_score,
        -- what is missing to the target; above it nothing is
        greatest(scores.target_score - scores.supervisor_score, 0) as gap_score,
        scores.self_score - scores.supervisor_score as self_excess_score,
        scores.assessor_staff_id
    from scores
    left join staff
        on scores.stat_month = staff.stat_month and scores.staff_id = staff.staff_id
)

select * from final
