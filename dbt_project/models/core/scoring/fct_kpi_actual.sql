-- grain: one row per business month, KPI and scope (unit, staff member, outlet or dealer)
--
-- Units get the sums of the numerators and denominators of those below them, never an average of
-- rates. A part belongs to the unit of whoever answers for it, so that a unit's value is that of
-- its people together; what nobody answers for belongs to the customer's area.
{%- set levels = ["hq", "province", "city", "county", "area"] %}
with kpis as (
    select * from {{ ref("kpi") }}
),

scopes as (
    select * from {{ ref("int_scope__month") }}
    where {{ in_months("stat_month") }}
),

units as (
    select * from {{ ref("dim_org_unit") }}
    where {{ in_months("stat_month") }}
),

parts as (
    select stat_month, kpi_code, scope_type, scope_id, area_id, numerator, denominator, as_of_on
    from {{ ref("int_kpi_actual__staff") }}
    where {{ in_months("stat_month") }}
    union all
    select stat_month, kpi_code, scope_type, scope_id, area_id, numerator, denominator, as_of_on
    from {{ ref("int_kpi_actual__channel") }}
    where {{ in_months("stat_month") }}
    union all
    -- scores that people enter
    select
        stat_month,
        kpi_code,
        scope_type,
        scope_id,
        '-' as area_id,
        score as numerator,
        full_score as denominator,
        scored_on as as_of_on
    from {{ ref("stg_target__manual_score") }}
    where {{ in_months("stat_month") }}
),

placed as (
    select
        parts.stat_month,
        parts.kpi_code,
        parts.scope_type,
        parts.scope_id,
        coalesce(scopes.org_unit_id, parts.area_id) as org_unit_id,
        -- a KPI that the catalogue does not know is a rate if it came with a denominator
        coalesce(kpis.denominator is not null, parts.denominator is not null) as is_rate,
        parts.numerator,
        parts.denominator,
        parts.as_of_on
    from parts
    left join scopes
        on
            parts.stat_month = scopes.stat_month
            and parts.scope_type = scopes.scope_type
            and parts.scope_id = scopes.scope_id
    left join kpis
        on parts.kpi_code = kpis.kpi_code and {{ holds_in("kpis", "parts.stat_month") }}
),

-- a numerator without its denominator would inflate the rate of the unit above
countable as (
    select * from placed
    where not is_rate or denominator is not null
),

below as (
    select
        stat_month,
        kpi_code,
        scope_type,
        scope_id,
        min(org_unit_id) as org_unit_id,
        is_rate,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(*) as parts_cnt,
        max(as_of_on) as as_of_on
    from countable
    where scope_type in ('staff', 'outlet', 'dealer') and scope_id <> '-'
    group by stat_month, kpi_code, scope_type, scope_id, is_rate
),

-- A level that the organisation skips repeats the unit above it: only the unit's own level counts.
above as (
    {%- for level in levels %}
    select
        countable.stat_month,
        countable.kpi_code,
        unit.level as scope_type,
        unit.org_unit_id as scope_id,
        unit.org_unit_id,
        countable.is_rate,
        countable.numerator,
        countable.denominator,
        countable.as_of_on
    from countable
    inner join units as placement
        on
            countable.stat_month = placement.stat_month
            and countable.org_unit_id = placement.org_unit_id
    inner join units as unit
        on
            placement.stat_month = unit.stat_month
            and placement.{{ level }}_id = unit.org_unit_id
            and unit.level = '{{ level }}'
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

measured as (
    select
        stat_month,
        kpi_code,
        scope_type,
        scope_id,
        org_unit_id,
        is_rate,
        numerator,
        denominator,
        parts_cnt,
        as_of_on
    from below
    union all
    select
        stat_month,
        kpi_code,
        scope_type,
        scope_id,
        min(org_unit_id) as org_unit_id,
        is_rate,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(*) as parts_cnt,
        max(as_of_on) as as_of_on
    from above
    group by stat_month, kpi_code, scope_type, scope_id, is_rate
),

final as (
    select
        stat_month,
        kpi_code,
        scope_type,
        scope_id,
        org_unit_id,
        is_rate,
        cast(numerator as numeric(20, 4)) as numerator,
        cast(denominator as numeric(20, 4)) as denominator,
        cast(
            case when is_rate then numerator / nullif(denominator, 0) else numerator end
            as numeric(28, 10)
        ) as kpi_value,
        cast(parts_cnt as integer) as parts_cnt,
        -- how far the feeds behind the KPI reach, which is the same for everybody it measures
        max(as_of_on) over (partition by stat_month, kpi_code) as data_cut_off_on
    from measured
)

select * from final
