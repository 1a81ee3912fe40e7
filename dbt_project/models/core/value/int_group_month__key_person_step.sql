-- grain: one row per business month and group customer with key persons in their role
--
-- How far the plan with each key person is: the step worked on last within the months that
-- key_person_step_months looks back, or none.
{%- set reach = 11 %}
{%- set steps = ["identify", "build", "maintain", "expand", "follow_up"] %}
with persons as (
    select stat_month, key_person_id, group_id
    from {{ ref("dim_key_person") }}
    where {{ in_months("stat_month") }} and is_in_role
),

worked as (
    select stat_month, key_person_id, event_id, event_at, work_step
    from {{ ref("fct_key_person_event") }}
    where
        {{ in_reach("stat_month", reach) }}
        and work_step is not null
),

windows as (
    select
        months.stat_month,
        {{ add_months("months.stat_month", "1 - cast(rule.value as integer)") }} as worked_from
    from {{ ref("dim_month") }} as months
    inner join {{ ref("customer_value_rule") }} as rule
        on
            {{ holds_in("rule", "months.stat_month") }}
            and rule.parameter = 'key_person_step_months'
    where {{ in_months("months.stat_month") }}
),

dated as (
    select
        persons.stat_month,
        persons.key_person_id,
        persons.group_id,
        worked.work_step,
        row_number() over (
            partition by persons.stat_month, persons.key_person_id, persons.group_id
            order by worked.event_at desc, worked.event_id desc
        ) as latest_first
    from persons
    inner join windows
        on persons.stat_month = windows.stat_month
    inner join worked
        on
            persons.key_person_id = worked.key_person_id
            and worked.stat_month between windows.worked_from and persons.stat_month
),

final as (
    select
        persons.stat_month,
        persons.group_id,
        {%- for step in steps %}
        cast(sum(case when dated.work_step = '{{ step }}' then 1 else 0 end) as integer)
            as step_{{ step }}_cnt,
        {%- endfor %}
        cast(sum(case when dated.work_step is null then 1 else 0 end) as integer)
            as step_none_cnt
    from persons
    left join dated
        on
            persons.stat_month = dated.stat_month
            and persons.key_person_id = dated.key_person_id
            and persons.group_id = dated.group_id
            and dated.latest_first = 1
    group by persons.stat_month, persons.group_id
)

select * from final
