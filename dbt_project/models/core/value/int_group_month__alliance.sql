-- grain: one row per group customer and business month for which there is a ledger of alliances
--
-- A customer without a project has none in a month that has a ledger. A month without a ledger has
-- no row here: what it would say is unknown.
with customers as (
    select
        stat_month,
        group_id
    from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

projects as (
    select * from {{ ref("fct_alliance_project") }}
    where {{ in_months("stat_month") }}
),

ledgers as (
    select distinct stat_month from projects
),

summed as (
    select
        stat_month,
        group_id,
        sum(case when is_running then 1 else 0 end) as alliance_project_cnt,
        sum(case when is_overdue then 1 else 0 end) as alliance_overdue_cnt,
        sum(case when is_running then own_amt else 0 end) as alliance_own_amt,
        sum(case when is_running then partner_amt else 0 end) as alliance_partner_amt,
        sum(joint_amt) as joint_investment_amt
    from projects
    group by stat_month, group_id
),

final as (
    select
        customers.stat_month,
        customers.group_id,
        {%- for name in ["alliance_project_cnt", "alliance_overdue_cnt"] %}
        cast(coalesce(summed.{{ name }}, 0) as integer) as {{ name }},
        {%- endfor %}
        {%- for name in ["alliance_own_amt", "alliance_partner_amt", "joint_investment_amt"] %}
        cast(coalesce(summed.{{ name }}, 0) as numeric(18, 2)) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from customers
    inner join ledgers
        on customers.stat_month = ledgers.stat_month
    left join summed
        on customers.stat_month = summed.stat_month and customers.group_id = summed.group_id
)

select * from final
