-- grain: one row per business month and trial of a product that ran in it, as at its end
with trials as (
    select * from {{ ref("stg_crm__product_trial") }}
),

final as (
    select
        trials.stat_month,
        trials.trial_id,
        trials.group_id,
        customer.area_id,
        trials.product_id,
        trials.staff_id,
        trials.opportunity_id,
        trials.started_on,
        trials.planned_end_on,
        trials.ended_on,
        trials.users_cnt,
        trials.result,
        trials.order_id,
        {{ in_its_month("trials.started_on", "trials.stat_month") }} as is_started_in_month,
        {{ in_its_month("trials.ended_on", "trials.stat_month") }} as is_ended_in_month,
        trials.result = 'converted' as is_converted,
        {{ elapsed_days("trials.started_on", "trials.ended_on") }} as trial_days_cnt
    from trials
    {{ group_join("trials") }}
)

select * from final
