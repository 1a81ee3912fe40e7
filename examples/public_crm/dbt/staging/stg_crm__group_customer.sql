-- grain: one row per group customer and month
--
-- A company is a prospect until something is sold to it, and a customer from that day on. It belongs
-- to no area and no manager: agents of every office sell to it.
with months as (
    select * from {{ ref("stg_b2b__month") }}
),

accounts as (
    select * from {{ ref("stg_b2b__account") }}
),

firsts as (
    select account, min(close_date) as won_on
    from {{ ref("stg_b2b__opportunity") }}
    where deal_stage = 'Won'
    group by account
),

monthly as (
    select
        months.stat_month,
        accounts.*,
        case
            when firsts.won_on < {{ add_months("months.stat_month", 1) }} then firsts.won_on
        end as customer_since
    from months
    cross join accounts
    left join firsts
        on accounts.account = firsts.account
)

select
    stat_month,
    account as group_id,
    account as group_name,
    industry_code,
    employees as employees_cnt,
    cast(null as {{ dbt.type_string() }}) as area_id,
    cast(null as {{ dbt.type_string() }}) as account_manager_id,
    cast(null as date) as manager_since_on,
    customer_since as opened_on,
    case when customer_since is null then 'prospect' else 'active' end as status,
    customer_since as status_since_on,
    cast(null as {{ dbt.type_string() }}) as control_level,
    cast(null as {{ dbt.type_string() }}) as layer,
    cast(null as {{ dbt.type_string() }}) as market_position,
    cast(null as integer) as economic_influence,
    cast(null as integer) as ict_level,
    cast(null as {{ dbt.type_string() }}) as credit_class,
    cast(null as {{ dbt.type_string() }}) as entitled_tier,
    cast(null as {{ dbt.type_string() }}) as chosen_tier,
    cast(null as {{ dbt.type_string() }}) as alliance_stage,
    cast(null as numeric(18, 2)) as joint_investment_amt,
    1 = 0 as has_complete_file,
    cast(null as date) as audited_on,
    cast(null as integer) as audit_exception_cnt,
    load_id
from monthly
