-- grain: one row per business month, value model and group customer graded in it or in the month
-- before
{%- set scores = [
    "revenue", "new_business", "contribution", "social_attribute", "ability_to_pay", "employees",
    "own_brand_share", "ict_level", "unified_payment", "influence",
] %}
with this_month as (
    select * from {{ ref("int_group_value__grade") }}
    where {{ in_months("stat_month") }}
),

-- months in which the model grades anybody: nobody is lost because a month has not come yet
judged_months as (
    select distinct stat_month, model from this_month
),

month_before as (
    select
        judged_months.stat_month,
        before.model,
        before.group_id,
        before.model_version,
        before.method,
        before.cut_off_type,
        before.peer_group_by,
        before.peer_group,
        before.area_id,
        before.account_manager_id,
        before.score,
        before.grade,
        before.grade_rank
    from judged_months
    inner join {{ ref("int_group_value__grade") }} as before
        on
            {{ add_months("judged_months.stat_month", -1) }} = before.stat_month
            and judged_months.model = before.model
    where {{ in_months("before.stat_month", -1) }}
),

months_with_before as (
    select distinct stat_month, model from month_before
),

changes as (
    select
        now.stat_month,
        now.model,
        now.group_id,
        now.factor,
        cast(now.points - coalesce(before.points, 0) as numeric(18, 8)) as points_change
    from {{ ref("int_group_value__factor") }} as now
    inner join {{ ref("int_group_value__factor") }} as before
        on
            {{ add_months("now.stat_month", -1) }} = before.stat_month
            and now.model = before.model
            and now.group_id = before.group_id
            and now.factor = before.factor
    where {{ in_months("now.stat_month") }} and {{ in_months("before.stat_month", -1) }}
),

ranked_changes as (
    select
        changes.*,
        row_number() over (
            partition by stat_month, model, group_id order by points_change, factor
        ) as falls_first,
        row_number() over (
            partition by stat_month, model, group_id order by points_change desc, factor
        ) as rises_first
    from changes
),

drivers as (
    select
        stat_month,
        model,
        group_id,
        max(case when falls_first = 1 then factor end) as fall_factor,
        max(case when falls_first = 1 then points_change end) as fall_points,
        max(case when rises_first = 1 then factor end) as rise_factor,
        max(case when rises_first = 1 then points_change end) as rise_points
    from ranked_changes
    group by stat_month, model, group_id
),

joined as (
    select
        coalesce(this_month.stat_month, month_before.stat_month) as stat_month,
        coalesce(this_month.model, month_before.model) as model,
        coalesce(this_month.group_id, month_before.group_id) as group_id,
        coalesce(this_month.method, month_before.method) as method,
        coalesce(this_month.cut_off_type, month_before.cut_off_type) as cut_off_type,
        coalesce(this_month.peer_group_by, month_before.peer_group_by) as peer_group_by,
        coalesce(this_month.peer_group, month_before.peer_group) as peer_group,
        coalesce(this_month.area_id, month_before.area_id) as area_id,
        coalesce(this_month.account_manager_id, month_before.account_manager_id)
            as account_manager_id,
        this_month.model_version,
        this_month.group_id is not null as is_graded,
        this_month.score,
        this_month.rank_no,
        this_month.peer_cnt,
        {%- for factor in scores %}
        this_month.{{ factor }}_score,
        {%- endfor %}
        this_month.grade,
        this_month.grade_rank,
        this_month.layer,
        this_month.service_tier,
        this_month.grade_margin,
        this_month.is_important_by_model,
        this_month.is_important,
        this_month.override_importance,
        this_month.override_reason,
        this_month.overridden_by,
        this_month.overridden_on,
        month_before.model_version as previous_model_version,
        month_before.score as previous_score,
        month_before.grade as previous_grade,
        month_before.grade_rank as previous_grade_rank
    from this_month
    full join month_before
        on
            this_month.stat_month = month_before.stat_month
            and this_month.model = month_before.model
            and this_month.group_id = month_before.group_id
),

compared as (
    select
        joined.*,
        case
            when not joined.is_graded then 'lost'
            when joined.previous_grade is null and months_with_before.model is null then 'first'
            when joined.previous_grade is null then 'new'
            when joined.grade_rank < joined.previous_grade_rank then 'up'
            when joined.grade_rank > joined.previous_grade_rank then 'down'
            else 'same'
        end as transition
    from joined
    left join months_with_before
        on
            joined.stat_month = months_with_before.stat_month
            and joined.model = months_with_before.model
),

final as (
    select
        compared.stat_month,
        compared.model,
        compared.group_id,
        compared.method,
        compared.cut_off_type,
        compared.peer_group_by,
        compared.peer_group,
        compared.area_id,
        compared.account_manager_id,
        compared.model_version,
        compared.is_graded,
        compared.score,
        compared.rank_no,
        compared.peer_cnt,
        {%- for factor in scores %}
        compared.{{ factor }}_score,
        {%- endfor %}
        compared.grade,
        compared.grade_rank,
        compared.layer,
        compared.service_tier,
        compared.grade_margin,
        compared.is_important_by_model,
        compared.is_important,
        compared.override_importance,
        compared.override_reason,
        compared.overridden_by,
        compared.overridden_on,
        compared.previous_model_version,
        compared.previous_score,
        compared.previous_grade,
        compared.previous_grade_rank,
        compared.transition,
        cast(compared.previous_grade_rank - compared.grade_rank as integer) as grade_steps,
        cast(compared.score - compared.previous_score as numeric(18, 8)) as score_change,
        -- whose own points did not change in the direction of the grade moved because others did
        case
            when compared.transition = 'down' and drivers.fall_points >= 0 then 'peers'
            when compared.transition = 'up' and drivers.rise_points <= 0 then 'peers'
            when
                compared.transition = 'down'
                or (compared.transition = 'same' and compared.score < compared.previous_score)
                then drivers.fall_factor
            when
                compared.transition = 'up'
                or (compared.transition = 'same' and compared.score > compared.previous_score)
                then drivers.rise_factor
        end as driver_factor,
        -- of no factor, where peers moved
        cast(
            case
                when compared.transition = 'down' and drivers.fall_points >= 0 then null
                when compared.transition = 'up' and drivers.rise_points <= 0 then null
                when
                    compared.transition = 'down'
                    or (compared.transition = 'same' and compared.score < compared.previous_score)
                    then drivers.fall_points
                when
                    compared.transition = 'up'
                    or (compared.transition = 'same' and compared.score > compared.previous_score)
                    then drivers.rise_points
            end as numeric(18, 8)
        ) as driver_points_change
    from compared
    left join drivers
        on
            compared.stat_month = drivers.stat_month
            and compared.model = drivers.model
            and compared.group_id = drivers.group_id
)

select * from final
