-- grain: one row per business month and need of a group customer heard in it
--
-- A need is heard on a visit, or comes with an opportunity from another channel; the opportunity
-- that follows from a visit is the same need.
with visits as (
    select * from {{ ref("fct_visit") }}
    where {{ in_months("stat_month") }}
),

opportunities as (
    select * from {{ ref("fct_opportunity") }}
    where {{ in_months("stat_month") }}
),

final as (
    select
        stat_month,
        visit_id as need_id,
        group_id,
        'visit' as source_channel,
        need_type,
        feedback_at as heard_at
    from visits
    where need_type is not null and is_feedback_in_month
    union all
    select
        stat_month,
        opportunity_id as need_id,
        group_id,
        source_channel,
        need_type,
        found_at as heard_at
    from opportunities
    where need_type is not null and is_found_in_month and visit_id is null
)

select * from final
