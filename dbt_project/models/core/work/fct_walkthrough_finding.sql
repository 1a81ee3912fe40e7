-- grain: one row per business month and finding of a process walk-through that was open in it
with findings as (
    select * from {{ ref("stg_eoms__walkthrough_finding") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

final as (
    select
        findings.stat_month,
        findings.finding_id,
        findings.flow_code,
        findings.node_id,
        findings.walker_staff_id,
        findings.org_unit_id,
        findings.walked_on,
        findings.finding_kind,
        findings.severity,
        findings.note,
        findings.department,
        findings.due_on,
        findings.fixed_on,
        {{ in_its_month("findings.walked_on", "findings.stat_month") }} as is_found_in_month,
        {{ in_its_month("findings.fixed_on", "findings.stat_month") }} as is_fixed_in_month,
        coalesce(findings.fixed_on <= findings.due_on, false) as is_fixed_in_time,
        findings.fixed_on is null and findings.due_on < months.month_end_on as is_overdue_open
    from findings
    inner join months
        on findings.stat_month = months.stat_month
)

select * from final
