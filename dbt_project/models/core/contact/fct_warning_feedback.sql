-- grain: one row per warning sent to an account manager, with how it was answered
with answers as (
    select * from {{ ref("stg_crm__warning_feedback") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        answers.stat_month,
        answers.feedback_id,
        answers.subscriber_id,
        subscribers.area_id,
        answers.warning_phase,
        answers.staff_id,
        answers.warned_at,
        answers.acknowledged_at,
        answers.acted_at,
        answers.closed_at,
        answers.action_code,
        answers.outcome_code,
        answers.acknowledged_at is not null as is_acknowledged,
        answers.acted_at is not null as is_acted,
        answers.closed_at is not null as is_closed,
        {{ elapsed_min("answers.warned_at", "answers.acknowledged_at") }} as acknowledge_min,
        {{ elapsed_min("answers.warned_at", "answers.acted_at") }} as act_min,
        {{ elapsed_min("answers.warned_at", "answers.closed_at") }} as close_min
    from answers
    left join subscribers
        on
            answers.stat_month = subscribers.stat_month
            and answers.subscriber_id = subscribers.subscriber_id
)

select * from final
