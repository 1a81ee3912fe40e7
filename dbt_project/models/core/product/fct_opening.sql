-- grain: one row per number opened
with openings as (
    select * from {{ ref("stg_boss__opening") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

first_uses as (
    select * from {{ ref("stg_mediation__first_use") }}
),

final as (
    select
        openings.stat_month,
        openings.subscriber_id,
        coalesce(subscribers.area_id, '-') as area_id,
        coalesce(subscribers.account_manager_id, '-') as account_manager_id,
        openings.opened_at,
        cast(openings.opened_at as date) as opened_on,
        coalesce(openings.outlet_id, '-') as outlet_id,
        coalesce(openings.dealer_id, '-') as dealer_id,
        openings.sales_channel,
        openings.staff_id as clerk_no,
        openings.product_id,
        openings.campaign_id,
        openings.has_handset,
        openings.id_document_hash,
        openings.first_recharge_amt,
        openings.is_premium_number,
        -- used for the first time in the month in which it was opened; later is another month's row
        first_uses.subscriber_id is not null as is_used_in_month,
        first_uses.first_used_at,
        first_uses.area_id as first_use_area_id,
        first_uses.is_outside_province as is_first_use_outside_province,
        first_uses.device_hash
    from openings
    left join subscribers
        on
            openings.stat_month = subscribers.stat_month
            and openings.subscriber_id = subscribers.subscriber_id
    left join first_uses
        on
            openings.stat_month = first_uses.stat_month
            and openings.subscriber_id = first_uses.subscriber_id
)

select * from final
