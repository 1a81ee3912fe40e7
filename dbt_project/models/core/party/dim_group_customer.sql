-- grain: one row per business month and group customer
--
-- The profile as it was at the end of the month, and beside it today's placement and state: a view,
-- so that a move shows at once and rebuilds nothing.
with groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

sizes as (
    select * from {{ ref("group_size_band") }}
),

industries as (
    select * from {{ ref("dim_industry") }}
),

latest as (
    select max(stat_month) as stat_month
    from groups
),

today as (
    select groups.*
    from groups
    inner join latest
        on groups.stat_month = latest.stat_month
),

-- who bore a name first keeps it plain for ever, so that a title never changes with its month
bearers as (
    select
        group_name,
        group_id,
        row_number() over (partition by group_name order by stat_month, group_id) as nth
    from groups
),

final as (
    select
        groups.stat_month,
        groups.group_id,
        groups.group_name,
        -- what people choose it by: of several with one name all but the first bear their number
        groups.group_name
        || case
            when groups.group_id = bearers.group_id then ''
            else ' (' || groups.group_id || ')'
        end as group_title,
        groups.industry_code,
        coalesce(industries.industry_section, '-') as industry_section,
        groups.employees_cnt,
        coalesce(sizes.size_band, '-') as size_band,
        coalesce(sizes.size_segment, '-') as size_segment,
        groups.area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        groups.manager_since_on,
        groups.opened_on,
        cast(
            {{ dbt.datediff("groups.opened_on", "months.month_end_on", "month") }} as integer
        ) as network_age_months,
        groups.status,
        groups.status_since_on,
        groups.status = 'active' as is_active,
        groups.control_level,
        groups.layer,
        groups.market_position,
        groups.economic_influence,
        groups.ict_level,
        groups.credit_class,
        groups.entitled_tier,
        coalesce(groups.chosen_tier, '-') as chosen_tier,
        groups.alliance_stage,
        groups.joint_investment_amt,
        groups.has_complete_file,
        groups.audited_on,
        groups.audit_exception_cnt,
        coalesce(today.area_id, groups.area_id) as area_id_current,
        coalesce(today.account_manager_id, '-') as account_manager_id_current,
        coalesce(today.status, 'removed') as status_current
    from groups
    inner join months
        on groups.stat_month = months.stat_month
    inner join bearers
        on groups.group_name = bearers.group_name and bearers.nth = 1
    left join sizes
        on
            {{ holds_in("sizes", "groups.stat_month") }}
            and groups.employees_cnt >= sizes.min_employees_cnt
            and (sizes.max_employees_cnt is null or groups.employees_cnt <= sizes.max_employees_cnt)
    left join industries
        on groups.industry_code = industries.industry_code
    left join today
        on groups.group_id = today.group_id
)

select * from final
