-- grain: one row per subscriber, as of the latest snapshot
--
-- The snapshot is complete (those who left stay in it), so the latest one has everybody. This is
-- where today's placement is: facts carry the placement of their month, and join here for today's.
with snapshots as (
    select * from {{ ref("stg_crm__subscriber") }}
),

latest as (
    select max(stat_month) as stat_month
    from snapshots
),

final as (
    select
        snapshots.subscriber_id,
        snapshots.stat_month as as_of_month,
        {{ mask_msisdn("snapshots.msisdn") }} as msisdn_masked,
        {{ mask_name("snapshots.customer_name") }} as customer_name_masked,
        snapshots.birth_year,
        snapshots.brand,
        snapshots.vip_level,
        snapshots.opened_on,
        snapshots.acquisition_channel,
        snapshots.area_id as area_id_current,
        coalesce(snapshots.account_manager_id, '-') as account_manager_id_current,
        snapshots.status,
        snapshots.status_since
    from snapshots
    inner join latest
        on snapshots.stat_month = latest.stat_month
)

select * from final
