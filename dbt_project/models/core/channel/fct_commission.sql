-- grain: one row per business month and commission item of an outlet
with items as (
    select * from {{ ref("stg_boss__commission") }}
),

final as (
    select
        items.stat_month,
        items.commission_id,
        items.outlet_id,
        items.dealer_id,
        {{ outlet_columns() }},
        items.commission_type,
        items.basis_cnt,
        items.accrued_amt,
        items.to_fund_amt,
        items.accrued_amt - items.to_fund_amt as due_amt,
        items.paid_amt,
        items.accrued_amt - items.to_fund_amt - items.paid_amt as unpaid_amt,
        items.due_on,
        items.paid_on,
        items.paid_on is not null as is_paid,
        coalesce(items.paid_on <= items.due_on, false) as is_paid_on_time,
        case
            when items.paid_on is not null
                then greatest({{ elapsed_days("items.due_on", "items.paid_on") }}, 0)
        end as days_late_cnt,
        items.notice_sent_at,
        items.notice_sent_at is not null as is_notice_sent,
        items.is_disputed,
        coalesce(items.disputed_amt, 0) as disputed_amt
    from items
    {{ outlet_join("items") }}
)

select * from final
