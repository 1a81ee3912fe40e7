-- grain: one row per business month and individual VIP on net at its end
{%- set items = ["birth_year", "birthday", "occupation", "industry", "interests"] %}
with vips as (
    select * from {{ ref("int_subscriber_month__vip") }}
    where {{ in_months("stat_month") }}
),

facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

classes as (
    select * from {{ ref("int_subscriber_month__class") }}
    where {{ in_months("stat_month") }}
),

joined as (
    select
        vips.*,
        facts.msisdn_masked,
        facts.customer_name_masked,
        facts.area_id,
        facts.account_manager_id,
        facts.brand,
        facts.vip_level,
        facts.billed_amt,
        classes.customer_type,
        case
            when vips.is_vip_card then 'vip_card'
            when vips.is_group_leader then 'group_leader'
            else 'high_spend'
        end as vip_reason
    from vips
    inner join facts
        on vips.stat_month = facts.stat_month and vips.subscriber_id = facts.subscriber_id
    inner join classes
        on vips.stat_month = classes.stat_month and vips.subscriber_id = classes.subscriber_id
),

final as (
    select
        joined.stat_month,
        joined.subscriber_id,
        joined.msisdn_masked,
        joined.customer_name_masked,
        {{- placement("joined") }},
        {%- for column in ["customer_type", "brand", "vip_level", "vip_reason"] %}
        joined.{{ column }},
        {{ column }}.name_zh as {{ column }}_name,
        {{ column }}.name_en as {{ column }}_name_en,
        {%- endfor %}
        joined.is_vip_card,
        joined.is_group_leader,
        joined.is_high_spend,
        joined.account_manager_id <> '-' as has_account_manager,
        cast(joined.billed_amt as numeric(18, 2)) as billed_amt,
        joined.average_billed_amt,
        joined.birthday_month_no,
        joined.is_birthday_due,
        {%- for item in items %}
        joined.has_{{ item }},
        {%- endfor %}
        {%- for item in items %}
        {{ "+ " if not loop.first }}case when joined.has_{{ item }} then 1 else 0 end
        {%- endfor %} as profile_known_cnt,
        {{ items | length }} as profile_item_cnt
    from joined
    {{- placement_joins("joined", "joined.stat_month") }}
    {%- for column in ["customer_type", "brand", "vip_level", "vip_reason"] %}
    left join {{ ref("code_name") }} as {{ column }}
        on {{ column }}.code_set = '{{ column }}' and joined.{{ column }} = {{ column }}.code
    {%- endfor %}
)

select * from final
