-- grain: one row per business month, group customer and ordered pair of value models that both
-- grade it
{%- set compared = [
    "model", "model_version", "score", "rank_no", "peer_cnt", "grade", "layer", "is_important",
] %}
with grades as (
    select * from {{ ref("int_group_value__change") }}
    where {{ in_months("stat_month") }} and is_graded
),

profiles as (
    select * from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month") }}
),

customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

models as (
    select * from {{ ref("value_model") }}
),

layers as (
    select * from {{ ref("code_name") }}
    where code_set = 'grade_layer'
),

pairs as (
    select
        one.stat_month,
        one.group_id,
        one.area_id,
        one.account_manager_id,
        {%- for name in compared %}
        one.{{ name }},
        other.{{ name }} as other_{{ name }},
        {%- endfor %}
        one_layer.name_zh as layer_name,
        one_layer.name_en as layer_name_en,
        other_layer.name_zh as other_layer_name,
        other_layer.name_en as other_layer_name_en,
        -- grades of two models are not the same letters; their layers are
        case
            when other_layer.sort_no < one_layer.sort_no then 'higher'
            when other_layer.sort_no > one_layer.sort_no then 'lower'
            else 'same'
        end as verdict
    from grades as one
    inner join grades as other
        on
            one.stat_month = other.stat_month
            and one.group_id = other.group_id
            and one.model <> other.model
    inner join layers as one_layer
        on one.layer = one_layer.code
    inner join layers as other_layer
        on other.layer = other_layer.code
),

final as (
    select
        pairs.stat_month,
        pairs.group_id,
        coalesce(profiles.group_title, pairs.group_id) as group_name,
        {{- placement("pairs") }},
        coalesce(profiles.industry_section, '-') as industry_section,
        coalesce(profiles.size_segment, '-') as size_segment,
        {%- for side, model in {"": "one_model", "other_": "other_model"}.items() %}
        pairs.{{ side }}model,
        {{ model }}.name_zh as {{ side }}model_name,
        {{ model }}.name_en as {{ side }}model_name_en,
        {%- for name in compared[1:] %}
        pairs.{{ side }}{{ name }},
        {%- endfor %}
        pairs.{{ side }}layer_name,
        pairs.{{ side }}layer_name_en,
        {%- endfor %}
        -- by how much of the peers the other model places it higher
        cast(
            100.0 * (pairs.rank_no - 1) / pairs.peer_cnt
            - 100.0 * (pairs.other_rank_no - 1) / pairs.other_peer_cnt
            as numeric(18, 8)
        ) as place_change,
        pairs.verdict,
        verdicts.name_zh as verdict_name,
        verdicts.name_en as verdict_name_en,
        cast(coalesce(customers.revenue_amt, 0) as numeric(18, 2)) as revenue_amt
    from pairs
    {{- placement_joins("pairs", "pairs.stat_month") }}
    left join profiles
        on pairs.stat_month = profiles.stat_month and pairs.group_id = profiles.group_id
    left join customers
        on pairs.stat_month = customers.stat_month and pairs.group_id = customers.group_id
    {%- for side, model in {"": "one_model", "other_": "other_model"}.items() %}
    left join models as {{ model }}
        on pairs.{{ side }}model = {{ model }}.model and {{ holds_in(model, "pairs.stat_month") }}
    {%- endfor %}
    left join {{ ref("code_name") }} as verdicts
        on verdicts.code_set = 'model_verdict' and pairs.verdict = verdicts.code
)

select * from final
