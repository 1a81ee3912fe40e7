-- grain: one row per outlet, inspection and item of the service standard
with items as (
    select * from {{ ref("stg_survey__inspection_item") }}
),

final as (
    select
        items.stat_month,
        items.outlet_id,
        items.inspection_id,
        items.item,
        {{ outlet_columns() }},
        channel.dealer_id,
        items.process_area,
        items.inspected_at,
        items.inspector,
        items.max_score,
        items.score,
        items.max_score - items.score as lost_score,
        items.finding
    from items
    {{ outlet_join("items") }}
)

select * from final
