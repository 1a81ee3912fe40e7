-- grain: one row per payment and bill month paid
--
-- Due is the last day of the bill's month and the days that the account is allowed.
with payments as (
    select * from {{ ref("stg_boss__payment") }}
),

accounts as (
    select * from {{ ref("dim_account") }}
),

bill_months as (
    select * from {{ ref("dim_month") }}
),

dated as (
    select
        payments.*,
        accounts.account_type,
        accounts.group_id,
        accounts.area_id,
        accounts.account_manager_id,
        cast(payments.paid_at as date) as paid_on,
        cast(
            {{ dbt.dateadd("day", "coalesce(accounts.term_days, 0)", "bill_months.month_end_on") }}
            as date
        ) as due_on
    from payments
    left join accounts
        on
            payments.stat_month = accounts.stat_month
            and payments.account_id = accounts.account_id
    left join bill_months
        on payments.bill_month_on = bill_months.stat_month
),

final as (
    select
        stat_month,
        payment_id,
        account_id,
        coalesce(account_type, '-') as account_type,
        coalesce(group_id, '-') as group_id,
        coalesce(area_id, '-') as area_id,
        coalesce(account_manager_id, '-') as account_manager_id,
        bill_month_on,
        paid_at,
        paid_on,
        due_on,
        cast(greatest({{ dbt.datediff("due_on", "paid_on", "day") }}, 0) as integer) as late_days,
        coalesce(paid_on <= due_on, false) as is_on_time,
        payment_method,
        is_reversal,
        paid_amt
    from dated
)

select * from final
