-- grain: one row per business month, subscriber and area in which it was used
with stays as (
    select * from {{ ref("stg_mediation__usage_area") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        stays.stat_month,
        stays.subscriber_id,
        stays.area_id as used_area_id,
        coalesce(subscribers.area_id, '-') as area_id,
        coalesce(subscribers.account_manager_id, '-') as account_manager_id,
        stays.active_days,
        stays.night_days,
        stays.voice_min,
        stays.data_mb,
        stays.cell_cnt,
        stays.is_rural
    from stays
    left join subscribers
        on
            stays.stat_month = subscribers.stat_month
            and stays.subscriber_id = subscribers.subscriber_id
)

select * from final
