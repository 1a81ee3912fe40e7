-- grain: one row per business month and active group customer
--
-- The churn model's points together, 100 at most, the risk level they reach, and the factor that
-- gives most of them.
with factors as (
    select * from {{ ref("int_group_churn__factor") }}
    where {{ in_months("stat_month") }}
),

models as (
    select
        months.stat_month,
        models.model,
        models.version
    from {{ ref("dim_month") }} as months
    inner join {{ ref("churn_model") }} as models
        on {{ holds_in("models", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
),

ranked as (
    select
        factors.*,
        models.version,
        row_number() over (
            partition by factors.stat_month, factors.group_id
            order by factors.points desc, factors.factor
        ) as place
    from factors
    inner join models
        on factors.stat_month = models.stat_month and factors.model = models.model
),

scored as (
    select
        stat_month,
        group_id,
        model,
        version as model_version,
        least(100, sum(points)) as score,
        max(case when place = 1 and points > 0 then factor end) as driver_factor,
        max(case when place = 1 and points > 0 then points end) as driver_points
    from ranked
    group by stat_month, group_id, model, version
),

leveled as (
    select
        scored.stat_month,
        scored.group_id,
        levels.risk_level,
        row_number() over (
            partition by scored.stat_month, scored.group_id order by levels.min_score desc
        ) as place
    from scored
    inner join {{ ref("churn_model_level") }} as levels
        on
            scored.model = levels.model
            and {{ holds_in("levels", "scored.stat_month") }}
            and scored.score >= levels.min_score
),

final as (
    select
        scored.stat_month,
        scored.group_id,
        scored.model,
        scored.model_version,
        cast(scored.score as numeric(18, 8)) as score,
        leveled.risk_level,
        scored.driver_factor,
        cast(scored.driver_points as numeric(18, 8)) as driver_points
    from scored
    left join leveled
        on
            scored.stat_month = leveled.stat_month
            and scored.group_id = leveled.group_id
            and leveled.place = 1
)

select * from final
