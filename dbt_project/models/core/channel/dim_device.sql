-- grain: one row per business month and self-service device
--
-- There is no list of devices: a device is what reported in the month, where it last did.
with days as (
    select
        stat_month,
        device_id,
        device_type,
        outlet_id,
        business_date,
        row_number() over (
            partition by stat_month, device_id
            order by business_date desc
        ) as nth
    from {{ ref("stg_echannel__device_status") }}
),

reported as (
    select
        stat_month,
        device_id,
        cast(count(*) as integer) as reported_days_cnt
    from days
    group by stat_month, device_id
),

final as (
    select
        days.stat_month,
        days.device_id,
        days.device_type,
        days.outlet_id,
        {{ outlet_columns() }},
        reported.reported_days_cnt
    from days
    inner join reported
        on days.stat_month = reported.stat_month and days.device_id = reported.device_id
    {{ outlet_join("days") }}
    where days.nth = 1
)

select * from final
