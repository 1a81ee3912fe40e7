-- grain: one row per business month, account and month of a bill that is open at the end of it
with receivables as (
    select * from {{ ref("stg_boss__receivable") }}
),

accounts as (
    select * from {{ ref("dim_account") }}
),

bands as (
    select * from {{ ref("receivable_age_band") }}
),

final as (
    select
        receivables.stat_month,
        receivables.account_id,
        receivables.bill_month_on,
        coalesce(accounts.account_type, '-') as account_type,
        coalesce(accounts.group_id, '-') as group_id,
        coalesce(accounts.area_id, '-') as area_id,
        coalesce(accounts.account_manager_id, '-') as account_manager_id,
        receivables.due_on,
        receivables.overdue_days,
        coalesce(bands.age_band, '-') as age_band,
        coalesce(bands.is_overdue, receivables.overdue_days > 0) as is_overdue,
        receivables.is_bad_debt,
        receivables.dunning_stage,
        receivables.billed_amt,
        receivables.outstanding_amt
    from receivables
    left join accounts
        on
            receivables.stat_month = accounts.stat_month
            and receivables.account_id = accounts.account_id
    left join bands
        on
            {{ holds_in("bands", "receivables.stat_month") }}
            and receivables.overdue_days >= bands.min_days
            and (bands.max_days is null or receivables.overdue_days <= bands.max_days)
)

select * from final
