-- grain: one row per outlet, day, clerk or terminal, and kind of transaction
with transactions as (
    select * from {{ ref("stg_channel__transaction") }}
),

types as (
    select * from {{ ref("transaction_type") }}
),

final as (
    select
        transactions.stat_month,
        transactions.outlet_id,
        transactions.business_date,
        transactions.staff_id as clerk_no,
        transactions.transaction_type,
        transactions.handling,
        {{ outlet_columns() }},
        channel.dealer_id,
        types.is_routine,
        types.is_campaign,
        types.is_payment,
        types.is_divertible,
        transactions.transaction_cnt,
        transactions.transaction_amt,
        transactions.handling_min
    from transactions
    left join types
        on transactions.transaction_type = types.transaction_type
    {{ outlet_join("transactions") }}
)

select * from final
