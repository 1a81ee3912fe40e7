-- grain: one row per business month of activation and line whose card was activated
--
-- Where a number was first used is what the network saw, if it saw it in the month; else what the
-- card platform noted. Outside the operator's areas the network names none, and that is elsewhere.
with activations as (
    select * from {{ ref("stg_recharge__card_activation") }}
),

first_uses as (
    select * from {{ ref("stg_mediation__first_use") }}
),

units as (
    select * from {{ ref("dim_org_unit") }}
),

placed as (
    select
        activations.stat_month,
        activations.subscriber_id,
        activations.batch_id,
        activations.outlet_id,
        activations.dealer_id,
        activations.sold_on,
        activations.activated_at,
        activations.selling_area_id,
        case
            when first_uses.subscriber_id is not null then first_uses.area_id
            else activations.first_use_area_id
        end as first_use_area_id,
        first_uses.subscriber_id is not null as is_seen_by_network,
        first_uses.first_used_at,
        first_uses.first_use_type,
        coalesce(first_uses.is_outside_province, false) as is_outside_province,
        first_uses.device_hash,
        activations.preloaded_amt
    from activations
    left join first_uses
        on
            activations.stat_month = first_uses.stat_month
            and activations.subscriber_id = first_uses.subscriber_id
),

final as (
    select
        placed.stat_month,
        placed.subscriber_id,
        placed.batch_id,
        placed.outlet_id,
        placed.dealer_id,
        {{ outlet_columns() }},
        placed.sold_on,
        placed.activated_at,
        {{ elapsed_days("placed.sold_on", "placed.activated_at") }} as days_to_activation_cnt,
        placed.selling_area_id,
        placed.first_use_area_id,
        placed.is_seen_by_network,
        placed.first_used_at,
        placed.first_use_type,
        placed.is_outside_province,
        placed.device_hash,
        placed.is_outside_province
        or placed.first_use_area_id is null
        or placed.first_use_area_id <> placed.selling_area_id as is_cross_area,
        placed.is_outside_province
        or used.county_id is null
        or used.county_id is distinct from sold.county_id as is_cross_county,
        placed.preloaded_amt
    from placed
    left join units as sold
        on
            placed.stat_month = sold.stat_month
            and placed.selling_area_id = sold.org_unit_id
    left join units as used
        on
            placed.stat_month = used.stat_month
            and placed.first_use_area_id = used.org_unit_id
    {{ outlet_join("placed") }}
)

select * from final
