-- grain: one row per business month, group customer and kind of business it uses
--
-- Breadth (广度): how many products of the kind are in use. Depth (深度): lines, bound lines, months
-- left, integration with the customer's systems, and what leaving would cost, as parts that add up.
-- A contract is counted once, in the kind of its main product, however many instances run under it.
with instances as (
    select * from {{ ref("fct_product_instance") }}
    where {{ in_months("stat_month") }} and is_in_use
),

contracts as (
    select * from {{ ref("dim_contract") }}
    where {{ in_months("stat_month") }} and contract_type = 'group' and is_in_force
),

products as (
    select * from {{ ref("dim_product") }}
    where {{ in_months("stat_month") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
    where {{ in_months("stat_month") }}
),

used as (
    select
        stat_month,
        group_id,
        business_kind,
        count(*) as instance_cnt,
        count(distinct product_id) as product_cnt,
        sum(line_cnt) as line_cnt,
        sum(case when is_contract_bound then 1 else 0 end) as bound_instance_cnt,
        sum(case when is_contract_bound then line_cnt else 0 end) as bound_instance_line_cnt,
        sum(monthly_fee_amt) as monthly_fee_amt,
        sum(case when is_contract_bound then monthly_fee_amt else 0 end) as bound_fee_amt,
        sum(case when volume_unit = 'min' then volume else 0 end) as volume_min,
        sum(case when volume_unit = 'message' then volume else 0 end) as volume_message_cnt,
        sum(case when volume_unit = 'mb' then volume else 0 end) as volume_mb,
        sum(case when volume_unit = 'hour' then volume else 0 end) as volume_hour,
        sum(integration_level) as integration_level_sum,
        max(integration_level) as integration_level_max
    from instances
    group by stat_month, group_id, business_kind
),

bound as (
    select
        contracts.stat_month,
        contracts.group_id,
        coalesce(products.business_kind, '-') as business_kind,
        count(*) as contract_cnt,
        sum(contracts.bound_line_cnt) as bound_line_cnt,
        sum(contracts.monthly_commit_amt) as monthly_commit_amt,
        sum(contracts.left_days) as left_days_sum,
        max(contracts.left_days) as left_days_max,
        max(contracts.ends_on) as contract_ends_on,
        sum(contracts.penalty_left_amt) as exit_cost_amt
    from contracts
    left join products
        on
            contracts.stat_month = products.stat_month
            and contracts.product_id = products.product_id
    group by contracts.stat_month, contracts.group_id, coalesce(products.business_kind, '-')
),

-- a contract may be in force of which no instance is in use any more, and the other way round
ties as (
    select stat_month, group_id, business_kind from used
    union
    select stat_month, group_id, business_kind from bound
),

final as (
    select
        ties.stat_month,
        ties.group_id,
        ties.business_kind,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        cast(coalesce(used.product_cnt, 0) as integer) as product_cnt,
        cast(coalesce(used.instance_cnt, 0) as integer) as instance_cnt,
        cast(coalesce(used.line_cnt, 0) as integer) as line_cnt,
        cast(coalesce(used.bound_instance_cnt, 0) as integer) as bound_instance_cnt,
        cast(coalesce(used.bound_instance_line_cnt, 0) as integer) as bound_instance_line_cnt,
        cast(coalesce(used.monthly_fee_amt, 0) as numeric(18, 2)) as monthly_fee_amt,
        cast(coalesce(used.bound_fee_amt, 0) as numeric(18, 2)) as bound_fee_amt,
        cast(coalesce(used.volume_min, 0) as numeric(18, 2)) as volume_min,
        cast(coalesce(used.volume_message_cnt, 0) as numeric(18, 2)) as volume_message_cnt,
        cast(coalesce(used.volume_mb, 0) as numeric(18, 2)) as volume_mb,
        cast(coalesce(used.volume_hour, 0) as numeric(18, 2)) as volume_hour,
        cast(coalesce(used.integration_level_sum, 0) as integer) as integration_level_sum,
        cast(coalesce(used.integration_level_max, 0) as integer) as integration_level_max,
        cast(coalesce(bound.contract_cnt, 0) as integer) as contract_cnt,
        cast(coalesce(bound.bound_line_cnt, 0) as integer) as bound_line_cnt,
        cast(coalesce(bound.monthly_commit_amt, 0) as numeric(18, 2)) as monthly_commit_amt,
        cast(coalesce(bound.left_days_sum, 0) as integer) as left_days_sum,
        cast(coalesce(bound.left_days_max, 0) as integer) as left_days_max,
        bound.contract_ends_on,
        cast(coalesce(bound.exit_cost_amt, 0) as numeric(18, 2)) as exit_cost_amt
    from ties
    left join used
        on
            ties.stat_month = used.stat_month
            and ties.group_id = used.group_id
            and ties.business_kind = used.business_kind
    left join bound
        on
            ties.stat_month = bound.stat_month
            and ties.group_id = bound.group_id
            and ties.business_kind = bound.business_kind
    left join groups
        on ties.stat_month = groups.stat_month and ties.group_id = groups.group_id
)

select * from final
