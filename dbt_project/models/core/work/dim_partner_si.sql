-- grain: one row per system integration partner, as of the latest order
with orders as (
    select
        partner_code,
        partner_name,
        qualification,
        stat_month,
        row_number() over (
            partition by partner_code
            order by stat_month desc, sent_at desc, partner_order_id desc
        ) as nth
    from {{ ref("stg_si__partner_order") }}
),

final as (
    select
        partner_code,
        partner_name,
        qualification,
        stat_month as last_order_month
    from orders
    where nth = 1
)

select * from final
