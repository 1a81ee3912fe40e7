-- grain: one row per business month and need of a group customer heard in it
--
-- A need is heard on a visit, or comes with an opportunity; the opportunity of a visit that told
-- the need is the same one.
with visits as (
    select * from {{ ref("fct_visit") }}
    where {{ in_months("stat_month") }}
),

opportunities as (
    select * from {{ ref("fct_opportunity") }}
    where {{ in_months("stat_month") }}
),

told as (
    select
        visit_id,
        min(stat_month) as told_month
    from {{ ref("fct_visit") }}
    where need_type is not null and is_feedback_in_month
    group by visit_id
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
        opportunities.stat_month,
        opportunities.opportunity_id as need_id,
        opportunities.group_id,
        opportunities.source_channel,
        opportunities.need_type,
        opportunities.found_at as heard_at
    from opportunities
    left join told
        on
            opportunities.visit_id = told.visit_id
            and opportunities.stat_month >= told.told_month
    where
        opportunities.need_type is not null
        and opportunities.is_found_in_month
        and told.visit_id is null
)

select * from final
