-- grain: one row per business month and project, sub-project, measure or activity
with initiatives as (
    select * from {{ ref("stg_pmo__initiative") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

final as (
    select
        initiative.stat_month,
        initiative.initiative_id,
        initiative.parent_id,
        -- four levels: three steps up reach the project
        coalesce(
            up2.parent_id, up1.parent_id, initiative.parent_id, initiative.initiative_id
        ) as project_id,
        initiative.level,
        initiative.initiative_name,
        initiative.initiative_name_en,
        initiative.planning_year,
        initiative.planning_year = months.planning_year_no as is_in_planning_year,
        initiative.bsc_perspective,
        initiative.kpi_code,
        initiative.org_unit_id,
        initiative.owner_staff_id,
        initiative.starts_on,
        initiative.ends_on,
        initiative.planned_progress,
        initiative.actual_progress,
        initiative.actual_progress - initiative.planned_progress as progress_lead,
        initiative.actual_progress >= initiative.planned_progress as is_on_schedule,
        initiative.finished_on,
        initiative.budget_amt,
        initiative.spent_amt
    from initiatives as initiative
    inner join months
        on initiative.stat_month = months.stat_month
    left join initiatives as up1
        on
            initiative.stat_month = up1.stat_month
            and initiative.parent_id = up1.initiative_id
    left join initiatives as up2
        on up1.stat_month = up2.stat_month and up1.parent_id = up2.initiative_id
)

select * from final
