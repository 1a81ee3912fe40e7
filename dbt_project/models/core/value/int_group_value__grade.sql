-- grain: one row per business month, value model and group customer that it grades
--
-- Cut by score, by the share of the peers that score lower (quantile), or by rank; who scores alike
-- has the same grade. The margin is by how much the grade is kept, as a share of the peers, or of
-- the full score when cut by score.
{%- set factors = [
    "revenue", "new_business", "contribution", "social_attribute", "ability_to_pay", "employees",
    "own_brand_share", "ict_level", "unified_payment", "influence",
] %}
with factors as (
    select * from {{ ref("int_group_value__factor") }}
    where {{ in_months("stat_month") }}
),

customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

models as (
    select months.stat_month, months.month_end_on, models.*
    from {{ ref("dim_month") }} as months
    inner join {{ ref("value_model") }} as models
        on {{ holds_in("models", "months.stat_month") }} and models.is_enabled
    where {{ in_months("months.stat_month") }}
),

cut_offs as (
    select
        models.stat_month,
        models.month_end_on,
        models.model,
        models.method,
        models.cut_off_type,
        models.peer_group as peer_group_by,
        cut_offs.grade,
        cut_offs.grade_rank,
        cut_offs.layer,
        cut_offs.service_tier,
        cut_offs.is_important,
        cut_offs.min_value,
        -- down to which share of the peers the grade goes
        sum(cut_offs.share) over (
            partition by models.stat_month, models.model
            order by cut_offs.grade_rank
            rows between unbounded preceding and current row
        ) as share_to
    from models
    inner join {{ ref("value_model_cutoff") }} as cut_offs
        on
            {{ holds_in("cut_offs", "models.stat_month") }}
            and models.model = cut_offs.model
            and models.cut_off_type = cut_offs.cut_off_type
),

scores as (
    select
        stat_month,
        model,
        model_version,
        group_id,
        peer_group,
        -- rounded before anybody is compared, so that who scores alike has one place
        cast(sum(points) as numeric(18, 8)) as score,
        {%- for factor in factors %}
        max(case when factor = '{{ factor }}' then factor_score end) as {{ factor }}_score
        {{- "," if not loop.last }}
        {%- endfor %}
    from factors
    group by stat_month, model, model_version, group_id, peer_group
    -- of whom nothing is known is not graded
    having sum(counted_weight) > 0
),

-- an override counts with a reason only, the latest one, for the months of the rule
overrides as (
    select
        months.stat_month,
        ratings.group_id,
        ratings.override_importance,
        ratings.override_reason,
        ratings.rated_by,
        ratings.rated_on,
        row_number() over (
            partition by months.stat_month, ratings.group_id
            order by ratings.rated_on desc, ratings.rating_id desc
        ) as latest_first
    from {{ ref("dim_month") }} as months
    inner join {{ ref("customer_value_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }} and rule.parameter = 'override_keep_months'
    inner join {{ ref("fct_qualitative_rating") }} as ratings
        on
            ratings.stat_month <= months.stat_month
            and ratings.stat_month
            > {{ add_months("months.stat_month", "-cast(rule.value as integer)") }}
    where
        {{ in_months("months.stat_month") }}
        and ratings.override_importance is not null
        and ratings.override_reason is not null
),

-- joined before places are counted, which PostgreSQL does not postpone: it cannot guess how many
-- rows the choice of a grade leaves, and would compare each of them with every override
known as (
    select
        scores.*,
        customers.area_id,
        customers.account_manager_id,
        overrides.override_importance,
        overrides.override_reason,
        overrides.rated_by as overridden_by,
        overrides.rated_on as overridden_on
    from scores
    inner join customers
        on scores.stat_month = customers.stat_month and scores.group_id = customers.group_id
    left join overrides
        on
            scores.stat_month = overrides.stat_month
            and scores.group_id = overrides.group_id
            and overrides.latest_first = 1
),

ranked as (
    select
        known.*,
        rank() over (
            partition by stat_month, model, peer_group order by score desc
        ) as rank_no,
        rank() over (partition by stat_month, model, peer_group order by score) - 1 as lower_cnt,
        count(*) over (partition by stat_month, model, peer_group) as peer_cnt
    from known
),

graded as (
    select
        ranked.*,
        cut_offs.month_end_on,
        cut_offs.method,
        cut_offs.cut_off_type,
        cut_offs.peer_group_by,
        cut_offs.grade,
        cut_offs.grade_rank,
        cut_offs.layer,
        cut_offs.service_tier,
        cut_offs.is_important,
        case cut_offs.cut_off_type
            when 'score' then (ranked.score - cut_offs.min_value) / 100.0
            when 'quantile' then 1.0 * ranked.lower_cnt / ranked.peer_cnt - cut_offs.min_value
            when 'rank' then cut_offs.share_to - 1.0 * (ranked.rank_no - 1) / ranked.peer_cnt
        end as grade_margin,
        row_number() over (
            partition by ranked.stat_month, ranked.model, ranked.group_id
            order by cut_offs.grade_rank
        ) as best_first
    from ranked
    inner join cut_offs
        on
            ranked.stat_month = cut_offs.stat_month
            and ranked.model = cut_offs.model
            -- multiplied out: a quotient would be inexact where it decides
            and case cut_offs.cut_off_type
                when 'score' then ranked.score >= cut_offs.min_value
                when 'quantile'
                    then ranked.lower_cnt >= cut_offs.min_value * ranked.peer_cnt
                when 'rank' then ranked.rank_no - 1 < cut_offs.share_to * ranked.peer_cnt
            end
),

final as (
    select
        graded.stat_month,
        graded.model,
        graded.model_version,
        graded.group_id,
        graded.method,
        graded.cut_off_type,
        graded.peer_group_by,
        graded.peer_group,
        graded.area_id,
        graded.account_manager_id,
        graded.score,
        cast(graded.rank_no as integer) as rank_no,
        cast(graded.peer_cnt as integer) as peer_cnt,
        {%- for factor in factors %}
        cast(graded.{{ factor }}_score as numeric(18, 8)) as {{ factor }}_score,
        {%- endfor %}
        graded.grade,
        graded.grade_rank,
        graded.layer,
        graded.service_tier,
        cast(graded.grade_margin as numeric(18, 8)) as grade_margin,
        graded.is_important as is_important_by_model,
        case graded.override_importance
            when 'important' then true
            when 'unimportant' then false
            else graded.is_important
        end as is_important,
        graded.override_importance,
        graded.override_reason,
        graded.overridden_by,
        graded.overridden_on
    from graded
    where graded.best_first = 1
)

select * from final
