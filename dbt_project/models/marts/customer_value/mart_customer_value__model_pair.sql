-- grain: one row per business month, group customer and ordered pair of value models that both
-- grade it
{%- set kept = [
    "stat_month", "group_id", "group_name", "province_id", "province_name", "province_name_en",
    "city_id", "city_name", "city_name_en", "county_id", "county_name", "county_name_en",
    "area_id", "area_name", "area_name_en", "account_manager_id", "account_manager_name",
    "account_manager_name_en", "industry_section", "size_segment",
] %}
{%- set compared = [
    "model", "model_name", "model_name_en", "model_version", "score", "rank_no", "peer_cnt",
    "grade", "layer", "layer_name", "layer_name_en", "is_important",
] %}
with grades as (
    select * from {{ ref("mart_customer_value__grade_month") }}
    where {{ in_months("stat_month") }} and is_graded
),

layers as (
    select code, sort_no from {{ ref("code_name") }}
    where code_set = 'grade_layer'
),

pairs as (
    select
        {%- for name in kept %}
        one.{{ name }},
        {%- endfor %}
        {%- for name in compared %}
        one.{{ name }},
        other.{{ name }} as other_{{ name }},
        {%- endfor %}
        one.revenue_amt,
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
        {%- for name in kept %}
        pairs.{{ name }},
        {%- endfor %}
        {%- for name in compared %}
        pairs.{{ name }},
        pairs.other_{{ name }},
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
        pairs.revenue_amt
    from pairs
    left join {{ ref("code_name") }} as verdicts
        on verdicts.code_set = 'model_verdict' and pairs.verdict = verdicts.code
)

select * from final
