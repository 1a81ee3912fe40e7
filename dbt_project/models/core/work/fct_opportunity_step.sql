-- grain: one row per business month, opportunity, stage and step under way in it, as at its end
--
-- The steps before the sale are the opportunity's, those in it the order's, those after it the
-- case's.
with steps as (
    select * from {{ ref("stg_crm__opportunity_step") }}
),

opportunities as (
    select * from {{ ref("stg_crm__opportunity") }}
),

final as (
    select
        steps.stat_month,
        steps.opportunity_id,
        steps.stage,
        steps.step,
        steps.step_no,
        steps.staff_id,
        opportunities.group_id,
        customer.area_id,
        opportunities.product_id,
        opportunities.source_channel,
        steps.order_id,
        steps.started_at,
        steps.ended_at,
        steps.result,
        {{ in_its_month("steps.started_at", "steps.stat_month") }} as is_started_in_month,
        {{ in_its_month("steps.ended_at", "steps.stat_month") }} as is_ended_in_month,
        steps.result = 'passed' as is_passed,
        steps.result = 'dropped' as is_dropped,
        {{ elapsed_min("steps.started_at", "steps.ended_at") }} as step_min
    from steps
    left join opportunities
        on
            steps.stat_month = opportunities.stat_month
            and steps.opportunity_id = opportunities.opportunity_id
    {{ group_join("opportunities") }}
)

select * from final
