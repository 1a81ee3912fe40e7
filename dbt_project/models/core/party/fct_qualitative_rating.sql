-- grain: one row per rating of a group customer by a manager
with ratings as (
    select * from {{ ref("stg_crm__group_rating") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

final as (
    select
        ratings.stat_month,
        ratings.rating_id,
        ratings.group_id,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        ratings.rated_by,
        ratings.rated_on,
        ratings.factor,
        ratings.score,
        ratings.evidence,
        ratings.evidence is not null as has_evidence,
        ratings.override_importance,
        ratings.override_reason
    from ratings
    left join groups
        on ratings.stat_month = groups.stat_month and ratings.group_id = groups.group_id
)

select * from final
