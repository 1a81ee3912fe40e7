-- grain: one row per self-service device and day
with days as (
    select * from {{ ref("stg_echannel__device_status") }}
),

final as (
    select
        days.stat_month,
        days.device_id,
        days.business_date,
        days.device_type,
        days.outlet_id,
        {{ outlet_columns() }},
        days.planned_min,
        days.up_min,
        greatest(days.planned_min - days.up_min, 0) as down_min,
        days.busy_min,
        days.transaction_cnt,
        days.payment_amt,
        days.fault_cnt
    from days
    {{ outlet_join("days") }}
)

select * from final
