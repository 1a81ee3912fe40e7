-- grain: one row per complaint, as of the latest month that tells of it
with states as (
    {{ latest_of(ref("fct_complaint"), "complaint_id") }}
),

final as (
    select
        complaint_id,
        stat_month as as_of_month,
        complainant_type,
        group_id,
        subscriber_id,
        dealer_id,
        complaint_kind,
        org_unit_id,
        received_at,
        triaged_at,
        answered_at,
        archived_at,
        limit_hours,
        is_within_limit,
        is_overdue_open,
        is_satisfied,
        reopened_cnt,
        state,
        answer_min,
        cycle_min
    from states
    where nth = 1
)

select * from final
