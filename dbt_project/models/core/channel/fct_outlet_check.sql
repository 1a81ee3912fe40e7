-- grain: one row per visit of a channel manager to an outlet and item checked
with checks as (
    select * from {{ ref("stg_channel__outlet_check") }}
),

final as (
    select
        checks.stat_month,
        checks.check_id,
        checks.outlet_id,
        channel.channel_class,
        channel.channel_type,
        channel.dealer_id,
        channel.area_id,
        checks.channel_manager_id,
        checks.checked_at,
        checks.item,
        checks.result,
        checks.result = 'passed' as is_passed,
        checks.result in ('passed', 'corrected') as is_compliant,
        checks.card_stock_cnt,
        checks.material_cnt,
        checks.competitor_shelf_rate,
        checks.corrected_on,
        {{ elapsed_days("checks.checked_at", "checks.corrected_on") }} as days_to_correct_cnt
    from checks
    {{ outlet_join("checks") }}
)

select * from final
