-- grain: one row per rating asked for by SMS
with ratings as (
    select * from {{ ref("stg_survey__sms_rating") }}
),

final as (
    select
        ratings.stat_month,
        ratings.rating_id,
        ratings.subscriber_id,
        ratings.rated_type,
        ratings.outlet_id,
        {{ outlet_columns() }},
        ratings.staff_id as clerk_no,
        ratings.account_manager_id,
        ratings.asked_at,
        ratings.answered_at,
        ratings.score is not null as is_answered,
        {{ elapsed_min("ratings.asked_at", "ratings.answered_at") }} as answer_min,
        ratings.score,
        coalesce(ratings.score = 3, false) as is_satisfied,
        coalesce(ratings.score = 1, false) as is_dissatisfied
    from ratings
    {{ outlet_join("ratings") }}
)

select * from final
