-- grain: one row per business month and account
with accounts as (
    select * from {{ ref("stg_boss__account") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

final as (
    select
        accounts.stat_month,
        accounts.account_id,
        accounts.account_type,
        coalesce(accounts.group_id, '-') as group_id,
        coalesce(accounts.group_id, accounts.owner_party_id, '-') as owner_party_id,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        accounts.credit_class,
        accounts.credit_limit_amt,
        accounts.payment_method,
        accounts.is_unified_payment,
        accounts.term_days,
        accounts.opened_on,
        accounts.account_status
    from accounts
    left join groups
        on accounts.stat_month = groups.stat_month and accounts.group_id = groups.group_id
)

select * from final
