-- grain: one row per business month, area, account manager, customer type, brand, value band, user
-- group, life style, sub-segment of the mass brand, and fit of the brand
{%- set dimensions = [
    "customer_type", "brand", "value_band", "user_group", "life_style", "sub_segment", "brand_fit",
] %}
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

classes as (
    select * from {{ ref("int_subscriber_month__class") }}
    where {{ in_months("stat_month") }}
),

counted as (
    select
        facts.stat_month,
        facts.area_id,
        facts.account_manager_id,
        {%- for dimension in dimensions %}
        classes.{{ dimension }},
        {%- endfor %}
        sum(case when facts.is_on_net then 1 else 0 end) as subscriber_cnt,
        sum(facts.billed_amt) as billed_amt,
        sum(facts.voice_min) as voice_min,
        sum(facts.data_mb) as data_mb
    from facts
    inner join classes
        on
            facts.stat_month = classes.stat_month
            and facts.subscriber_id = classes.subscriber_id
    group by
        facts.stat_month,
        facts.area_id,
        facts.account_manager_id
        {%- for dimension in dimensions %},
        classes.{{ dimension }}
        {%- endfor %}
),

final as (
    select
        counted.stat_month,
        {{- placement("counted") }},
        {%- for dimension in dimensions %}
        counted.{{ dimension }},
        {{ dimension }}.name_zh as {{ dimension }}_name,
        {{ dimension }}.name_en as {{ dimension }}_name_en,
        {%- endfor %}
        cast(counted.subscriber_cnt as integer) as subscriber_cnt,
        cast(counted.billed_amt as numeric(18, 2)) as billed_amt,
        cast(counted.voice_min as numeric(18, 2)) as voice_min,
        cast(counted.data_mb as numeric(18, 2)) as data_mb
    from counted
    {{- placement_joins("counted", "counted.stat_month") }}
    {%- for dimension in dimensions %}
    left join {{ ref("code_name") }} as {{ dimension }}
        on
            {{ dimension }}.code_set = '{{ dimension }}'
            and counted.{{ dimension }} = {{ dimension }}.code
    {%- endfor %}
)

select * from final
