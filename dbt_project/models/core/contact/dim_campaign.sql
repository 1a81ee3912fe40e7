-- grain: one row per campaign, as of the latest month that lists it
with states as (
    {{ latest_of(ref("stg_campaign__campaign"), "campaign_id") }}
),

final as (
    select
        campaign_id,
        stat_month as as_of_month,
        campaign_name,
        campaign_name_en,
        campaign_kind,
        offer_type,
        target_segment,
        product_id,
        main_channel,
        starts_on,
        ends_on,
        status as status_current,
        org_unit_id,
        owner_id,
        budget_amt,
        control_share,
        control_share > 0 as has_control_group,
        template_version,
        document_cnt
    from states
    where nth = 1
)

select * from final
