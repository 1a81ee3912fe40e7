-- grain: one row per business month and group customer that was billed or had costs
--
-- Output is what was billed before discount, so that the discount counts as input, once: finance
-- repeats it as a cost of its own kind, which is left out here.
with money as (
    select * from {{ ref("int_group_month__money") }}
    where {{ in_months("stat_month") }}
),

costs as (
    select
        stat_month,
        group_id,
        sum(case when cost_kind = 'handset_subsidy' then cost_amt else 0 end) as subsidy_amt,
        sum(case when cost_kind = 'manager' then cost_amt else 0 end) as manager_cost_amt,
        sum(case when cost_kind = 'build' then cost_amt else 0 end) as build_cost_amt,
        sum(
            case when cost_kind in ('handset_subsidy', 'manager', 'build') then 0 else cost_amt end
        ) as other_cost_amt
    from {{ ref("fct_cost_to_serve") }}
    where
        {{ in_months("stat_month") }}
        and object_type = 'group'
        and group_id <> '-'
        and cost_kind <> 'discount'
    group by stat_month, group_id
),

parts as (
    select
        money.stat_month,
        money.group_id,
        money.gross_amt as output_amt,
        money.discount_amt,
        money.granted_amt,
        coalesce(costs.subsidy_amt, 0) as subsidy_amt,
        coalesce(costs.manager_cost_amt, 0) as manager_cost_amt,
        coalesce(costs.build_cost_amt, 0) as build_cost_amt,
        coalesce(costs.other_cost_amt, 0) as other_cost_amt
    from money
    left join costs
        on money.stat_month = costs.stat_month and money.group_id = costs.group_id
),

final as (
    select
        stat_month,
        group_id,
        output_amt,
        discount_amt,
        granted_amt,
        cast(subsidy_amt as numeric(18, 2)) as subsidy_amt,
        cast(manager_cost_amt as numeric(18, 2)) as manager_cost_amt,
        cast(build_cost_amt as numeric(18, 2)) as build_cost_amt,
        cast(other_cost_amt as numeric(18, 2)) as other_cost_amt,
        cast(
            discount_amt + granted_amt + subsidy_amt + manager_cost_amt + build_cost_amt
            + other_cost_amt as numeric(18, 2)
        ) as input_amt
    from parts
)

select * from final
