-- grain: one row per business month, value model and group customer graded in it or in the month
-- before
{%- set scores = [
    "revenue", "new_business", "contribution", "social_attribute", "ability_to_pay", "employees",
    "own_brand_share", "ict_level", "unified_payment", "influence",
] %}
with changes as (
    select * from {{ ref("int_group_value__change") }}
    where {{ in_months("stat_month") }}
),

profiles as (
    select * from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month") }}
),

-- the name of one who is no longer on file is the one of the month before
earlier_profiles as (
    select * from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month", -1) }}
),

customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

models as (
    select * from {{ ref("value_model") }}
),

months as (
    select
        months.stat_month,
        {{ parameter("rule", "parameter", "box_high_score") }} as high_score,
        {{ parameter("rule", "parameter", "box_middle_score") }} as middle_score
    from {{ ref("dim_month") }} as months
    left join {{ ref("customer_value_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by months.stat_month
),

-- on which third of each axis of the matrix (R006); models without the axis leave it empty
banded as (
    select
        changes.*
        {%- for axis in ["revenue", "new_business"] %},
        case
            when changes.{{ axis }}_score >= months.high_score then 'high'
            when changes.{{ axis }}_score >= months.middle_score then 'middle'
            when changes.{{ axis }}_score is not null then 'low'
        end as {{ axis }}_band
        {%- endfor %}
    from changes
    inner join months
        on changes.stat_month = months.stat_month
),

boxed as (
    select
        banded.*,
        revenue_band || '_' || new_business_band as box
    from banded
),

inputs as (
    select * from {{ ref("int_group_month__input") }}
    where {{ in_months("stat_month") }}
),

final as (
    select
        changes.stat_month,
        changes.model,
        models.name_zh as model_name,
        models.name_en as model_name_en,
        coalesce(models.is_trial, false) as is_trial,
        changes.method,
        changes.cut_off_type,
        changes.peer_group_by,
        changes.peer_group,
        changes.group_id,
        coalesce(profiles.group_title, earlier_profiles.group_title, changes.group_id)
            as group_name,
        {{- placement("changes") }},
        coalesce(profiles.industry_section, earlier_profiles.industry_section, '-')
            as industry_section,
        coalesce(profiles.size_segment, earlier_profiles.size_segment, '-') as size_segment,
        changes.is_graded,
        changes.model_version,
        changes.score,
        changes.rank_no,
        changes.peer_cnt,
        {%- for factor in scores %}
        changes.{{ factor }}_score,
        {%- endfor %}
        changes.revenue_band,
        revenue_band.name_zh as revenue_band_name,
        revenue_band.name_en as revenue_band_name_en,
        changes.new_business_band,
        new_business_band.name_zh as new_business_band_name,
        new_business_band.name_en as new_business_band_name_en,
        changes.box,
        box.name_zh as box_name,
        box.name_en as box_name_en,
        changes.grade,
        changes.grade_rank,
        changes.layer,
        layer.name_zh as layer_name,
        layer.name_en as layer_name_en,
        changes.service_tier,
        changes.grade_margin,
        changes.is_important_by_model,
        changes.is_important,
        changes.override_importance,
        changes.override_reason,
        changes.overridden_by,
        changes.overridden_on,
        changes.previous_model_version,
        changes.previous_score,
        changes.previous_grade,
        changes.previous_grade_rank,
        changes.transition,
        transition.name_zh as transition_name,
        transition.name_en as transition_name_en,
        -- both ends of the move, for the matrix: one without a grade is called by what became of it
        {%- for end, grade in {"from": "previous_grade", "to": "grade"}.items() %}
        coalesce(changes.{{ grade }}, transition.name_zh) as {{ end }}_grade_name,
        coalesce(changes.{{ grade }}, transition.name_en) as {{ end }}_grade_name_en,
        {%- endfor %}
        changes.grade_steps,
        changes.score_change,
        changes.driver_factor,
        driver.name_zh as driver_factor_name,
        driver.name_en as driver_factor_name_en,
        changes.driver_points_change,
        cast(
            case when changes.is_graded then coalesce(customers.revenue_amt, 0) else 0 end
            as numeric(18, 2)
        ) as revenue_amt,
        -- what the customer is given: discount, subsidy and benefits (R021)
        cast(
            case
                when changes.is_graded
                    then
                        coalesce(
                            inputs.discount_amt + inputs.granted_amt + inputs.subsidy_amt, 0
                        )
                else 0
            end as numeric(18, 2)
        ) as reward_amt,
        cast(
            case when changes.is_graded then coalesce(inputs.output_amt, 0) else 0 end
            as numeric(18, 2)
        ) as output_amt
    from boxed as changes
    {{- placement_joins("changes", "changes.stat_month") }}
    left join profiles
        on changes.stat_month = profiles.stat_month and changes.group_id = profiles.group_id
    left join earlier_profiles
        on
            {{ add_months("changes.stat_month", -1) }} = earlier_profiles.stat_month
            and changes.group_id = earlier_profiles.group_id
    left join customers
        on changes.stat_month = customers.stat_month and changes.group_id = customers.group_id
    left join inputs
        on changes.stat_month = inputs.stat_month and changes.group_id = inputs.group_id
    left join models
        on changes.model = models.model and {{ holds_in("models", "changes.stat_month") }}
    left join {{ ref("code_name") }} as layer
        on layer.code_set = 'grade_layer' and changes.layer = layer.code
    left join {{ ref("code_name") }} as transition
        on transition.code_set = 'grade_transition' and changes.transition = transition.code
    left join {{ ref("code_name") }} as driver
        on driver.code_set = 'value_factor' and changes.driver_factor = driver.code
    {%- for axis in ["revenue_band", "new_business_band"] %}
    left join {{ ref("code_name") }} as {{ axis }}
        on {{ axis }}.code_set = 'axis_band' and changes.{{ axis }} = {{ axis }}.code
    {%- endfor %}
    left join {{ ref("code_name") }} as box
        on box.code_set = 'axis_box' and changes.box = box.code
)

select * from final
