-- grain: one row per business month and individual VIP on net at its end
--
-- Who is one, and why, is rows of vip_rule (R056); what is on file about them is R055. Personal
-- facts do not leave this model but as yes or no: of a birthday it keeps the month. What the VIP's
-- own profile leaves open is filled from the file of key persons, where the VIP is one.
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }} and is_on_net
),

classes as (
    select * from {{ ref("int_subscriber_month__class") }}
    where {{ in_months("stat_month") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
    where {{ in_months("stat_month") }}
),

months as (
    select * from {{ ref("dim_month") }}
    where {{ in_months("stat_month") }}
),

groups as (
    select * from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month") }}
),

rules as (
    select
        months.stat_month,
        rule.reason,
        rule.qualifier,
        rule.min_billed_amt
    from months
    inner join {{ ref("vip_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
),

persons as (
    select * from {{ ref("dim_key_person") }}
    where {{ in_months("stat_month") }} and is_in_role and subscriber_id is not null
),

-- a subscriber belongs to a firm as a member of it or as one of its key persons
posts as (
    select
        members.stat_month,
        members.subscriber_id,
        members.group_id,
        members.member_role = 'leader' as leads
    from {{ ref("stg_crm__group_member") }} as members
    inner join months
        on members.stat_month = months.stat_month
    where
        {{ in_months("members.stat_month") }}
        and members.subscriber_id is not null
        and members.member_role <> 'machine'
        and (members.left_on is null or members.left_on > months.month_end_on)
    union all
    select
        stat_month,
        subscriber_id,
        group_id,
        person_type = 'decision_maker' as leads
    from persons
),

posted as (
    select
        posts.stat_month,
        posts.subscriber_id,
        max(case when groups.industry_code is not null then 1 else 0 end) as has_industry,
        max(
            case
                when posts.leads and groups.is_active and rules.reason is not null then 1
                else 0
            end
        ) as is_group_leader
    from posts
    left join groups
        on posts.stat_month = groups.stat_month and posts.group_id = groups.group_id
    left join rules
        on
            posts.stat_month = rules.stat_month
            and rules.reason = 'group_leader'
            and groups.layer = rules.qualifier
    group by posts.stat_month, posts.subscriber_id
),

vip_profiles as (
    select * from {{ ref("stg_crm__vip_profile") }}
    where {{ in_months("stat_month") }}
),

profiles as (
    select
        stat_month,
        subscriber_id,
        -- of several entries about one person the first by number
        min(birthday) as birthday,
        max(birth_year) as birth_year,
        max(case when job_title is not null then 1 else 0 end) as has_occupation,
        max(case when has_interests then 1 else 0 end) as has_interests
    from persons
    group by stat_month, subscriber_id
),

judged as (
    select
        facts.stat_month,
        facts.subscriber_id,
        card.reason is not null as is_vip_card,
        coalesce(posted.is_group_leader, 0) = 1 as is_group_leader,
        coalesce(
            classes.billed_months_cnt > 0
            and classes.billed_sum_amt >= spend.min_billed_amt * classes.billed_months_cnt,
            false
        ) as is_high_spend,
        classes.billed_sum_amt,
        classes.billed_months_cnt,
        -- written MM-DD; what is not is unknown
        coalesce(
            {%- for source in ["vip_profiles", "profiles"] %}
            case
                {% for month in range(1, 13) -%}
                when {{ source }}.birthday like '{{ "%02d" | format(month) }}-__' then {{ month }}
                {% endfor %}
            end{{ "," if not loop.last }}
            {%- endfor %}
        ) as birthday_month_no,
        extract(month from {{ add_months("facts.stat_month", 1) }}) as next_month_no,
        coalesce(subscribers.birth_year, profiles.birth_year) is not null as has_birth_year,
        vip_profiles.occupation is not null
        or coalesce(profiles.has_occupation, 0) = 1 as has_occupation,
        vip_profiles.industry_code is not null
        or coalesce(posted.has_industry, 0) = 1 as has_industry,
        vip_profiles.interests is not null
        or coalesce(profiles.has_interests, 0) = 1 as has_interests
    from facts
    inner join classes
        on
            facts.stat_month = classes.stat_month
            and facts.subscriber_id = classes.subscriber_id
    inner join subscribers
        on
            facts.stat_month = subscribers.stat_month
            and facts.subscriber_id = subscribers.subscriber_id
    left join rules as card
        on
            facts.stat_month = card.stat_month
            and card.reason = 'vip_card'
            and facts.vip_level = card.qualifier
    left join rules as spend
        on facts.stat_month = spend.stat_month and spend.reason = 'high_spend'
    left join posted
        on
            facts.stat_month = posted.stat_month
            and facts.subscriber_id = posted.subscriber_id
    left join profiles
        on
            facts.stat_month = profiles.stat_month
            and facts.subscriber_id = profiles.subscriber_id
    left join vip_profiles
        on
            facts.stat_month = vip_profiles.stat_month
            and facts.subscriber_id = vip_profiles.subscriber_id
),

final as (
    select
        stat_month,
        subscriber_id,
        is_vip_card,
        is_group_leader,
        is_high_spend,
        cast(billed_sum_amt / nullif(billed_months_cnt, 0) as numeric(18, 6))
            as average_billed_amt,
        birthday_month_no,
        coalesce(birthday_month_no = next_month_no, false) as is_birthday_due,
        has_birth_year,
        birthday_month_no is not null as has_birthday,
        has_occupation,
        has_industry,
        has_interests
    from judged
    where is_vip_card or is_group_leader or is_high_spend
)

select * from final
