-- grain: one row per business month, KPI and scope
--
-- The planning department's sheet, in its latest version (a new one replaces the month's), and what
-- the responsibility letters of account managers demand, where the sheet does not say otherwise.
with sheet as (
    select * from {{ ref("stg_target__kpi_target") }}
),

letters as (
    select
        stat_month,
        'customer_awareness' as kpi_code,
        staff_id,
        awareness_floor as floor_points,
        responsibility_signed_on
    from {{ ref("stg_hr__manager_rating") }}
    union all
    select
        stat_month,
        'customer_satisfaction' as kpi_code,
        staff_id,
        satisfaction_floor as floor_points,
        responsibility_signed_on
    from {{ ref("stg_hr__manager_rating") }}
),

final as (
    select
        stat_month,
        kpi_code,
        scope_type,
        scope_id,
        parent_scope_type,
        parent_scope_id,
        dimension,
        target_value,
        challenge_value,
        is_additive,
        target_version,
        set_on,
        set_by_staff_id
    from sheet
    union all
    select
        letters.stat_month,
        letters.kpi_code,
        'staff' as scope_type,
        letters.staff_id as scope_id,
        cast(null as {{ dbt.type_string() }}) as parent_scope_type,
        cast(null as {{ dbt.type_string() }}) as parent_scope_id,
        'regular' as dimension,
        -- points of 100, where the KPI is a share
        cast(letters.floor_points / 100 as numeric(18, 4)) as target_value,
        cast(null as numeric(18, 4)) as challenge_value,
        false as is_additive,
        'responsibility_letter' as target_version,
        letters.responsibility_signed_on as set_on,
        cast(null as {{ dbt.type_string() }}) as set_by_staff_id
    from letters
    left join sheet
        on
            letters.stat_month = sheet.stat_month
            and letters.kpi_code = sheet.kpi_code
            and letters.staff_id = sheet.scope_id
            and sheet.scope_type = 'staff'
    where letters.responsibility_signed_on is not null and sheet.scope_id is null
)

select * from final
