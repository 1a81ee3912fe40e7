-- grain: one row per business month, campaign and subscriber who came on its list in the month
with targets as (
    select * from {{ ref("stg_campaign__target") }}
),

final as (
    select
        stat_month,
        campaign_id,
        subscriber_id,
        list_version,
        listed_on,
        is_control,
        segment_code,
        matched_product_id,
        matched_channel,
        area_id,
        staff_id
    from targets
)

select * from final
