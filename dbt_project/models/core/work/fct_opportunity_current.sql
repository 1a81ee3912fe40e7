-- grain: one row per opportunity, as of the latest month that tells of it, with the times of its
-- six steps before the sale
{%- set steps = ["visit", "need", "solution", "proposal", "negotiation", "contract"] %}
with states as (
    {{ latest_of(ref("fct_opportunity"), "opportunity_id") }}
),

-- a step that ended is not told of again: each has its own latest month
step_states as (
    select
        opportunity_id,
        step,
        started_at,
        ended_at,
        result,
        row_number() over (
            partition by opportunity_id, step
            order by stat_month desc
        ) as nth
    from {{ ref("fct_opportunity_step") }}
    where stage = 'pre_sales'
),

times as (
    select
        opportunity_id,
        {%- for step in steps %}
        max(case when step = '{{ step }}' then started_at end) as {{ step }}_started_at,
        max(case when step = '{{ step }}' then ended_at end) as {{ step }}_ended_at,
        {%- endfor %}
        cast(sum(case when result = 'passed' then 1 else 0 end) as integer) as steps_passed_cnt
    from step_states
    where nth = 1
    group by opportunity_id
),

final as (
    select
        states.opportunity_id,
        states.stat_month as as_of_month,
        states.group_id,
        states.area_id,
        states.staff_id,
        states.product_id,
        states.source_channel,
        states.visit_id,
        states.expected_amt,
        states.state,
        states.lost_reason,
        states.found_at,
        states.confirmed_at,
        {%- for step in steps %}
        times.{{ step }}_started_at,
        times.{{ step }}_ended_at,
        {%- endfor %}
        coalesce(times.steps_passed_cnt, 0) as steps_passed_cnt,
        states.closed_at,
        states.cycle_min
    from states
    left join times
        on states.opportunity_id = times.opportunity_id
    where states.nth = 1
)

select * from final
