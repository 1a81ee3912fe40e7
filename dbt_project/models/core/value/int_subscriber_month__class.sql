-- grain: one row per business month and subscriber, as in fct_subscriber_month
--
-- Which classes an individual customer is in (R032, R047-R049), by the rule tables individual_class
-- and brand_fit. The average bill is that of the month and of the baseline months before it, so
-- that one month moves nobody; averages and shares are multiplied out, see
-- int_subscriber_month__baseline. What no feed tells is 'unknown'.
{%- set classes = {
    "user_group": ["senior", "middle_aged", "young_adult", "youth"],
    "value_band": ["high_value", "middle_value", "low_value"],
    "life_style": ["traveller", "home_caller", "surfer", "talker", "light"],
    "sub_segment": ["professional", "rural", "migrant", "mass"],
} %}
{#- a class is possible where its measure is known; the leftover class asks for nothing more -#}
{%- set far = "voice_long_distance_min >= {} * voice_out_min and voice_out_min > 0" %}
{%- set reached = {
    "senior": "age >= {}",
    "middle_aged": "age >= {}",
    "young_adult": "age >= {}",
    "youth": "age is not null",
    "high_value": "billed_months_cnt > 0 and billed_sum_amt >= {} * billed_months_cnt",
    "middle_value": "billed_months_cnt > 0 and billed_sum_amt >= {} * billed_months_cnt",
    "low_value": "billed_months_cnt > 0",
    "traveller": "voice_roaming_min >= {} * voice_out_min and voice_out_min > 0",
    "home_caller": far,
    "surfer": "has_usage and data_mb >= {}",
    "talker": "has_usage and voice_min >= {}",
    "light": "has_usage",
    "professional": "customer_type = 'group_member'",
    "rural": "stay_days > 0 and rural_days >= {} * stay_days",
    "migrant": "stay_days > 0 and " ~ far,
    "mass": "stay_days > 0",
} %}
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

baselines as (
    select * from {{ ref("int_subscriber_month__baseline") }}
    where {{ in_months("stat_month") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
    where {{ in_months("stat_month") }}
),

-- lines of machines (物联网终端) are nobody's, so they are kept apart from both members and individuals
members as (
    select
        members.stat_month,
        members.subscriber_id,
        max(case when members.member_role = 'machine' then 0 else 1 end) as is_person
    from {{ ref("stg_crm__group_member") }} as members
    inner join {{ ref("dim_month") }} as months
        on members.stat_month = months.stat_month
    where
        {{ in_months("members.stat_month") }}
        and members.subscriber_id is not null
        and (members.left_on is null or members.left_on > months.month_end_on)
    group by members.stat_month, members.subscriber_id
),

stays as (
    select
        stat_month,
        subscriber_id,
        sum(active_days) as stay_days,
        sum(case when is_rural then active_days else 0 end) as rural_days
    from {{ ref("fct_usage_area") }}
    where {{ in_months("stat_month") }}
    group by stat_month, subscriber_id
),

rules as (
    select
        months.stat_month
        {%- for class in classes.values() | sum(start=[]) %},
        {{ parameter("rule", "class", class, "min_value") }} as {{ class }}_min_value,
        {{ parameter("rule", "class", class, "precedence") }} as {{ class }}_precedence
        {%- endfor %}
    from {{ ref("dim_month") }} as months
    left join {{ ref("individual_class") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by months.stat_month
),

measured as (
    select
        facts.stat_month,
        facts.subscriber_id,
        facts.brand,
        facts.has_usage,
        facts.voice_out_min,
        facts.voice_min,
        facts.voice_long_distance_min,
        facts.voice_roaming_min,
        facts.data_mb,
        {%- for class in classes.values() | sum(start=[]) %}
        rules.{{ class }}_min_value,
        rules.{{ class }}_precedence,
        {%- endfor %}
        case
            when members.is_person = 1 then 'group_member'
            when members.is_person = 0 then 'machine'
            else 'individual'
        end as customer_type,
        extract(year from facts.stat_month) - subscribers.birth_year as age,
        coalesce(baselines.bill_months, 0) + case when facts.has_bill then 1 else 0 end
            as billed_months_cnt,
        coalesce(baselines.billed_amt_sum, 0) + facts.billed_amt as billed_sum_amt,
        coalesce(stays.stay_days, 0) as stay_days,
        coalesce(stays.rural_days, 0) as rural_days,
        fit.rule_id is not null as has_brand_rule,
        fit.min_age,
        fit.max_age,
        fit.min_billed_amt,
        fit.max_billed_amt
    from facts
    inner join subscribers
        on
            facts.stat_month = subscribers.stat_month
            and facts.subscriber_id = subscribers.subscriber_id
    inner join rules
        on facts.stat_month = rules.stat_month
    left join {{ ref("brand_fit") }} as fit
        on facts.brand = fit.brand and {{ holds_in("fit", "facts.stat_month") }}
    left join baselines
        on
            facts.stat_month = baselines.stat_month
            and facts.subscriber_id = baselines.subscriber_id
    left join members
        on
            facts.stat_month = members.stat_month
            and facts.subscriber_id = members.subscriber_id
    left join stays
        on facts.stat_month = stays.stat_month and facts.subscriber_id = stays.subscriber_id
),

first_of as (
    select
        measured.*
        {%- for dimension, names in classes.items() %},
        least(
            {%- for class in names %}
            case
                when {{ reached[class].format(class ~ "_min_value") }}
                    then {{ class }}_precedence
            end{{ "," if not loop.last }}
            {%- endfor %}
        ) as {{ dimension }}_precedence
        {%- endfor %}
    from measured
),

final as (
    select
        stat_month,
        subscriber_id,
        customer_type,
        brand,
        cast(age as integer) as age,
        cast(billed_sum_amt as numeric(18, 2)) as billed_sum_amt,
        cast(billed_months_cnt as integer) as billed_months_cnt,
        {%- for dimension, names in classes.items() %}
        case
            {%- if dimension == "sub_segment" %}
            -- the document divides the mass brand only
            when brand <> 'easyown' then 'none'
            {%- endif %}
            {%- for class in names %}
            when {{ dimension }}_precedence = {{ class }}_precedence then '{{ class }}'
            {%- endfor %}
            else 'unknown'
        end as {{ dimension }},
        {%- endfor %}
        case
            when not has_brand_rule then 'unknown'
            when age > max_age then 'too_old'
            when age < min_age then 'too_young'
            when
                billed_months_cnt > 0 and billed_sum_amt < min_billed_amt * billed_months_cnt
                then 'spends_less'
            when
                billed_months_cnt > 0 and billed_sum_amt >= max_billed_amt * billed_months_cnt
                then 'spends_more'
            when coalesce(min_age, max_age) is not null and age is null then 'unknown'
            when
                coalesce(min_billed_amt, max_billed_amt) is not null and billed_months_cnt = 0
                then 'unknown'
            else 'fits'
        end as brand_fit
    from first_of
)

select * from final
