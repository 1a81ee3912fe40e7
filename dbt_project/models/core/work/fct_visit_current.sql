-- grain: one row per visit, as of the latest month that tells of it
with states as (
    {{ latest_of(ref("fct_visit"), "visit_id") }}
),

final as (
    select
        visit_id,
        stat_month as as_of_month,
        staff_id,
        group_id,
        area_id,
        key_person_id,
        visit_type,
        contact_mode,
        purpose,
        moment_code,
        state,
        planned_at,
        checked_in_at,
        checked_out_at,
        feedback_at,
        issue_closed_on,
        need_type,
        issue_kind,
        stay_min,
        feedback_delay_min,
        cost_amt
    from states
    where nth = 1
)

select * from final
