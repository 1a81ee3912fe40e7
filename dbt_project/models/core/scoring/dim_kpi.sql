-- grain: one row per KPI and validity
--
-- The catalogue as the KPI tree (指标树): each KPI with the one above it and the top of its branch.
with kpis as (
    select * from {{ ref("kpi") }}
),

final as (
    select
        kpis.rule_id as kpi_version_id,
        kpis.kpi_code,
        kpis.name_zh as kpi_name,
        kpis.name_en as kpi_name_en,
        kpis.tier,
        kpis.dimension,
        kpis.bsc_perspective,
        kpis.numerator as numerator_definition,
        kpis.numerator_zh as numerator_definition_zh,
        kpis.denominator as denominator_definition,
        kpis.denominator_zh as denominator_definition_zh,
        kpis.denominator is not null as is_rate,
        kpis.unit,
        kpis.direction,
        kpis.decimals,
        kpis.owner_post,
        kpis.parent_kpi_code,
        parent.name_zh as parent_kpi_name,
        parent.name_en as parent_kpi_name_en,
        kpis.computed_from is not null as has_actual,
        kpis.zero_if_absent as is_zero_if_absent,
        kpis.standing_target as standing_target_value,
        kpis.valid_from as valid_from_date,
        kpis.valid_to as valid_to_date,
        kpis.source as requirement_id,
        kpis.note
    from kpis
    left join kpis as parent
        on
            kpis.parent_kpi_code = parent.kpi_code
            and {{ holds_in("parent", "kpis.valid_from") }}
)

select * from final
