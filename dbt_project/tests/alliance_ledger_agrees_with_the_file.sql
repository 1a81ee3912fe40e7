{{ config(severity="warn") }}
-- The ledger of alliances and the customer file are kept by hand, each by itself: what was invested
-- jointly with a customer must be the same in both (R045). Where they differ, figures are those of
-- the ledger, and somebody has to correct the file. A month without a ledger has nothing to
-- compare. A warning only.
with ledger as (
    select
        stat_month,
        group_id,
        sum(joint_amt) as joint_investment_amt
    from {{ ref("fct_alliance_project") }}
    where {{ in_months("stat_month") }}
    group by stat_month, group_id
),

compared as (
    select
        customers.stat_month,
        customers.joint_investment_amt as file_amt,
        coalesce(ledger.joint_investment_amt, 0) as ledger_amt
    from {{ ref("dim_group_customer") }} as customers
    left join ledger
        on customers.stat_month = ledger.stat_month and customers.group_id = ledger.group_id
    where
        {{ in_months("customers.stat_month") }}
        and customers.stat_month in (select ledger.stat_month from ledger)
)

select
    stat_month,
    count(*) as differing_cnt,
    sum(file_amt) as file_amt,
    sum(ledger_amt) as ledger_amt
from compared
where file_amt <> ledger_amt
group by stat_month
