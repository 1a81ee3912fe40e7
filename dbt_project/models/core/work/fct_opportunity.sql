-- grain: one row per business month and opportunity that was open in it, as at the end of the month
with opportunities as (
    select * from {{ ref("stg_crm__opportunity") }}
),

final as (
    select
        opportunities.stat_month,
        opportunities.opportunity_id,
        opportunities.group_id,
        customer.area_id,
        opportunities.staff_id,
        opportunities.product_id,
        opportunities.source_channel,
        opportunities.visit_id,
        opportunities.need_type,
        opportunities.expected_amt,
        opportunities.lines_cnt,
        opportunities.rival,
        opportunities.found_at,
        opportunities.confirmed_at,
        opportunities.closed_at,
        opportunities.state,
        opportunities.lost_reason,
        {{ in_its_month("opportunities.found_at", "opportunities.stat_month") }}
            as is_found_in_month,
        {{ in_its_month("opportunities.confirmed_at", "opportunities.stat_month") }}
            as is_confirmed_in_month,
        {{ in_its_month("opportunities.closed_at", "opportunities.stat_month") }}
            as is_closed_in_month,
        opportunities.state = 'won' as is_won,
        {{ elapsed_min("opportunities.found_at", "opportunities.closed_at") }} as cycle_min
    from opportunities
    {{ group_join("opportunities") }}
)

select * from final
