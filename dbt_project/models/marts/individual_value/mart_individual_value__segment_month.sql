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

-- who was reached by a campaign in the month, and whether one of its offers was accepted
offers as (
    select
        stat_month,
        subscriber_id,
        max(case when is_accepted then 1 else 0 end) as accepted_cnt
    from {{ ref("fct_campaign_contact") }}
    where {{ in_months("stat_month") }}
    group by stat_month, subscriber_id
    having max(case when is_reached then 1 else 0 end) = 1
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
        sum(facts.data_mb) as data_mb,
        sum(case when facts.is_on_net and offers.subscriber_id is not null then 1 else 0 end)
            as offered_cnt,
        sum(case when facts.is_on_net then coalesce(offers.accepted_cnt, 0) else 0 end)
            as accepted_cnt
    from facts
    inner join classes
        on
            facts.stat_month = classes.stat_month
            and facts.subscriber_id = classes.subscriber_id
    left join offers
        on
            facts.stat_month = offers.stat_month
            and facts.subscriber_id = offers.subscriber_id
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
        cast(counted.data_mb as numeric(18, 2)) as data_mb,
        cast(counted.offered_cnt as integer) as offered_cnt,
        cast(counted.accepted_cnt as integer) as accepted_cnt
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
