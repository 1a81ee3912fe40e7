-- grain: one row per business month and project of an alliance begun or planned by its end
with projects as (
    select * from {{ ref("stg_crm__alliance_project") }}
),

final as (
    select
        projects.stat_month,
        projects.project_id,
        projects.group_id,
        coalesce(customer.area_id, '-') as area_id,
        coalesce(customer.account_manager_id, '-') as account_manager_id,
        projects.alliance_kind,
        projects.project_stage,
        projects.started_on,
        projects.planned_end_on,
        projects.ended_on,
        projects.own_amt,
        projects.partner_amt,
        cast(projects.own_amt + projects.partner_amt as numeric(18, 2)) as joint_amt,
        projects.project_stage = 'running' as is_running,
        projects.project_stage = 'running'
        and {{ elapsed_days("projects.planned_end_on", add_months("projects.stat_month", 1)) }} > 1
            as is_overdue,
        {{ in_its_month("projects.started_on", "projects.stat_month") }} as is_started_in_month,
        {{ in_its_month("projects.ended_on", "projects.stat_month") }} as is_ended_in_month
    from projects
    {{ group_join("projects") }}
)

select * from final
