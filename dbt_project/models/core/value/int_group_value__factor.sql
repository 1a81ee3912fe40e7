-- grain: one row per business month, value model, group customer and factor of the model
--
-- A component is a number of the customer (a sum over the months of the rule's window, divided by
-- another); its score is its place among the peers or its place between two ends, 0 to 100. A
-- component that is not known is left out and the others weigh more; so is a factor without any.
-- Points are what a factor contributes: those of a customer add up to its score.
{%- set reach = 11 %}
{%- set components = {
    "revenue": ["facts.revenue_amt", "1"],
    "new_business_revenue": ["facts.new_business_amt", "1"],
    "output_input_ratio": ["inputs.output_amt", "inputs.input_amt"],
    "market_position": ["positions.sort_no", "1"],
    "economic_influence": ["facts.economic_influence", "1"],
    "employees": ["facts.employees_cnt", "1"],
    "paid_on_time_rate": ["facts.paid_on_time_amt", "facts.paid_amt"],
    "overdue_months": ["facts.overdue_amt", "facts.revenue_amt"],
    "credit_class": ["classes.sort_no", "1"],
    "own_brand_share": ["facts.own_member_cnt", "facts.member_cnt"],
    "ict_level": ["facts.ict_level", "1"],
    "unified_payment_share": ["facts.unified_payment_member_cnt", "facts.own_member_cnt"],
} %}
with facts as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_reach("stat_month", reach) }}
),

inputs as (
    select * from {{ ref("int_group_month__input") }}
    where {{ in_reach("stat_month", reach) }}
),

ratings as (
    select * from {{ ref("fct_qualitative_rating") }}
    where {{ in_reach("stat_month", reach) }}
),

units as (
    select * from {{ ref("dim_org_unit") }}
    where {{ in_months("stat_month") }}
),

codes as (
    select * from {{ ref("code_name") }}
),

parts as (
    {%- for component, (numerator, denominator) in components.items() %}
    select
        facts.stat_month,
        facts.group_id,
        '{{ component }}' as component,
        cast({{ numerator }} as numeric(28, 10)) as numerator,
        cast({{ denominator }} as numeric(28, 10)) as denominator
    from facts
    {%- if "inputs." in numerator %}
    inner join inputs
        on facts.stat_month = inputs.stat_month and facts.group_id = inputs.group_id
    {%- endif %}
    {%- if "positions." in numerator %}
    inner join codes as positions
        on positions.code_set = 'market_position' and facts.market_position = positions.code
    {%- endif %}
    {%- if "classes." in numerator %}
    inner join codes as classes
        on classes.code_set = 'credit_class' and facts.credit_class = classes.code
    {%- endif %}
    where {{ numerator }} is not null
    union all
    {%- endfor %}
    select
        stat_month,
        group_id,
        'rated_' || factor as component,
        cast(sum(score) as numeric(28, 10)) as numerator,
        cast(count(*) as numeric(28, 10)) as denominator
    from ratings
    group by stat_month, group_id, factor
),

rules as (
    select
        months.stat_month,
        models.model,
        models.version,
        models.peer_group,
        weights.factor,
        weights.weight as factor_weight,
        parameters.component,
        parameters.weight as component_weight,
        parameters.scale,
        parameters.floor_value,
        parameters.cap_value,
        {{ add_months("months.stat_month", "1 - parameters.window_months") }} as window_from
    from {{ ref("dim_month") }} as months
    inner join {{ ref("value_model") }} as models
        on {{ holds_in("models", "months.stat_month") }} and models.is_enabled
    inner join {{ ref("value_model_weight") }} as weights
        on
            {{ holds_in("weights", "months.stat_month") }}
            and models.model = weights.model
    inner join {{ ref("value_model_component") }} as parameters
        on
            {{ holds_in("parameters", "months.stat_month") }}
            and weights.model = parameters.model
            and weights.factor = parameters.factor
    where {{ in_months("months.stat_month") }}
),

-- graded is who is a customer at the end of the month
customers as (
    select
        facts.stat_month,
        facts.group_id,
        facts.industry_section,
        profiles.size_segment,
        units.province_id,
        units.city_id,
        units.county_id
    from facts
    inner join {{ ref("dim_group_customer") }} as profiles
        on facts.stat_month = profiles.stat_month and facts.group_id = profiles.group_id
    left join units
        on facts.stat_month = units.stat_month and facts.area_id = units.org_unit_id
    where {{ in_months("facts.stat_month") }} and facts.is_active
),

valued as (
    select
        customers.stat_month,
        rules.model,
        rules.version,
        customers.group_id,
        rules.factor,
        rules.factor_weight,
        rules.component,
        rules.component_weight,
        rules.scale,
        rules.floor_value,
        rules.cap_value,
        case rules.peer_group
            when 'all' then 'all'
            {%- for level in ["province", "city", "county"] %}
            when '{{ level }}' then coalesce(customers.{{ level }}_id, '-')
            {%- endfor %}
            when 'size_segment' then customers.size_segment
            when 'industry_section' then customers.industry_section
        end as peer_group,
        cast(
            sum(parts.numerator) / nullif(sum(parts.denominator), 0) as numeric(28, 10)
        ) as component_value
    from customers
    inner join rules
        on customers.stat_month = rules.stat_month
    left join parts
        on
            customers.group_id = parts.group_id
            and rules.component = parts.component
            and parts.stat_month between rules.window_from and customers.stat_month
    group by
        customers.stat_month,
        rules.model,
        rules.version,
        customers.group_id,
        rules.factor,
        rules.factor_weight,
        rules.component,
        rules.component_weight,
        rules.scale,
        rules.floor_value,
        rules.cap_value,
        rules.peer_group,
        customers.province_id,
        customers.city_id,
        customers.county_id,
        customers.size_segment,
        customers.industry_section
),

-- those whose component is not known are no peers in it
placed as (
    select
        valued.*,
        rank() over (
            partition by stat_month, model, peer_group, factor, component, component_value is null
            order by component_value
        ) - 1 as lower_cnt,
        count(*) over (
            partition by stat_month, model, peer_group, factor, component, component_value is null
        ) - 1 as other_cnt
    from valued
),

scored as (
    select
        placed.*,
        case
            when component_value is null then null
            when scale = 'percentile' then 100.0 * lower_cnt / nullif(other_cnt, 0)
            when scale = 'linear'
                then
                    100.0 * least(
                        1,
                        greatest(
                            0, (component_value - floor_value) / nullif(cap_value - floor_value, 0)
                        )
                    )
        end as component_score
    from placed
),

factors as (
    select
        stat_month,
        model,
        version,
        group_id,
        peer_group,
        factor,
        factor_weight,
        -- a number of its own only where the factor is made of one
        case when count(*) = 1 then max(component_value) end as factor_value,
        sum(component_weight * component_score)
        / nullif(sum(case when component_score is not null then component_weight end), 0)
            as factor_score
    from scored
    group by stat_month, model, version, group_id, peer_group, factor, factor_weight
),

weighed as (
    select
        factors.*,
        case when factor_score is not null then factor_weight else 0 end
        / nullif(
            sum(case when factor_score is not null then factor_weight end) over (
                partition by stat_month, model, group_id
            ),
            0
        ) as counted_weight
    from factors
),

final as (
    select
        stat_month,
        model,
        version as model_version,
        group_id,
        peer_group,
        factor,
        factor_weight,
        cast(factor_value as numeric(28, 10)) as factor_value,
        cast(factor_score as numeric(28, 16)) as factor_score,
        cast(coalesce(counted_weight, 0) as numeric(28, 16)) as counted_weight,
        -- with more places than a score has: thirds rounded here would part those who score alike
        cast(coalesce(counted_weight * factor_score, 0) as numeric(28, 16)) as points
    from weighed
)

select * from final
