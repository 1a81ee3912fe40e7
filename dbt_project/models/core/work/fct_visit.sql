-- grain: one row per business month and visit planned for it or told of anew, as at its end
with visits as (
    select * from {{ ref("stg_crm__visit") }}
),

final as (
    select
        visits.stat_month,
        visits.visit_id,
        visits.staff_id,
        visits.group_id,
        customer.area_id,
        visits.key_person_id,
        visits.visit_type,
        visits.contact_mode,
        visits.purpose,
        visits.moment_code,
        visits.planned_at,
        visits.state,
        visits.checked_in_at,
        visits.checked_out_at,
        visits.feedback_at,
        visits.issue_closed_on,
        visits.need_type,
        visits.issue_kind,
        {{ in_its_month("visits.planned_at", "visits.stat_month") }} as is_planned_in_month,
        {{ in_its_month("visits.checked_in_at", "visits.stat_month") }} as is_checked_in_in_month,
        {{ in_its_month("visits.feedback_at", "visits.stat_month") }} as is_feedback_in_month,
        {{ in_its_month("visits.issue_closed_on", "visits.stat_month") }} as is_closed_in_month,
        visits.state = 'done' as is_done,
        visits.key_person_id is not null as has_key_person,
        visits.feedback_at is not null as has_feedback,
        visits.issue_kind is not null as has_issue,
        coalesce(length(visits.feedback), 0) as feedback_length_cnt,
        visits.feedback,
        {{ elapsed_min("visits.checked_in_at", "visits.checked_out_at") }} as stay_min,
        {{ elapsed_min("visits.planned_at", "visits.checked_in_at") }} as arrival_delay_min,
        {{ elapsed_min("visits.checked_out_at", "visits.feedback_at") }} as feedback_delay_min,
        visits.travel_min,
        visits.cost_amt
    from visits
    {{ group_join("visits") }}
)

select * from final
