-- grain: one row per business month and contract, with a group customer or a subscriber
--
-- Whether a contract binds follows from its days, not from its status alone: systems are known to
-- leave contracts marked active whose time is over. What is left of the penalty falls day by day.
with group_contracts as (
    select * from {{ ref("stg_crm__group_contract") }}
),

contracts as (
    select * from {{ ref("stg_crm__contract") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

both_kinds as (
    select
        stat_month,
        group_contract_id as contract_id,
        'group' as contract_type,
        group_id,
        cast(null as {{ dbt.type_string() }}) as subscriber_id,
        product_id,
        signed_on,
        starts_on,
        ends_on,
        terminated_on,
        contract_status,
        bound_line_cnt,
        monthly_commit_amt,
        penalty_amt,
        cast(0 as numeric(18, 2)) as deposit_amt,
        is_auto_renewal
    from group_contracts
    union all
    select
        stat_month,
        contract_id,
        binding_type as contract_type,
        cast(null as {{ dbt.type_string() }}) as group_id,
        subscriber_id,
        product_id,
        starts_on as signed_on,
        starts_on,
        ends_on,
        cast(null as date) as terminated_on,
        contract_status,
        1 as bound_line_cnt,
        monthly_commit_amt,
        cast(0 as numeric(18, 2)) as penalty_amt,
        deposit_amt,
        false as is_auto_renewal
    from contracts
),

dated as (
    select
        both_kinds.*,
        months.month_end_on,
        both_kinds.contract_status = 'active'
        and both_kinds.starts_on <= months.month_end_on
        and both_kinds.ends_on >= months.month_end_on
        and both_kinds.terminated_on is null as is_in_force
    from both_kinds
    inner join months
        on both_kinds.stat_month = months.stat_month
),

final as (
    select
        stat_month,
        contract_id,
        contract_type,
        group_id,
        subscriber_id,
        product_id,
        signed_on,
        starts_on,
        ends_on,
        terminated_on,
        contract_status,
        is_in_force,
        is_auto_renewal,
        bound_line_cnt,
        monthly_commit_amt,
        deposit_amt,
        penalty_amt,
        cast({{ dbt.datediff("starts_on", "ends_on", "day") }} + 1 as integer) as term_days,
        cast(
            case
                when is_in_force then {{ dbt.datediff("month_end_on", "ends_on", "day") }} else 0
            end as integer
        ) as left_days,
        cast(
            case
                when is_in_force
                    then penalty_amt * {{ dbt.datediff("month_end_on", "ends_on", "day") }}
                        / nullif({{ dbt.datediff("starts_on", "ends_on", "day") }} + 1, 0)
                else 0
            end as numeric(18, 2)
        ) as penalty_left_amt
    from dated
)

select * from final
