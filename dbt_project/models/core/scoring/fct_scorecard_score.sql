-- grain: one row per business month, scorecard and scope
--
-- The total of a scorecard, what the gates leave of it, and the rank. Totals keep four decimals,
-- and who is equal in them shares the rank (1, 2, 2, 4).
with items as (
    select * from {{ ref("fct_kpi_score") }}
    where {{ in_months("stat_month") }}
),

gates as (
    select * from {{ ref("score_gate") }}
),

kpis as (
    select * from {{ ref("kpi") }}
),

actuals as (
    select * from {{ ref("fct_kpi_actual") }}
    where {{ in_months("stat_month") }}
),

targets as (
    select * from {{ ref("fct_kpi_target") }}
    where {{ in_months("stat_month") }}
),

totals as (
    select
        stat_month,
        scorecard_code,
        scope_type,
        scope_id,
        org_unit_id,
        rank_group,
        is_ranked,
        count(*) as items_cnt,
        sum(case when score_state = 'scored' then 1 else 0 end) as scored_items_cnt,
        sum(case when is_counted then weight else 0 end) as counted_weight,
        case
            when sum(case when is_counted then 1 else 0 end) > 0
                then sum(points)
        end as points_before_gates
    from items
    group by
        stat_month, scorecard_code, scope_type, scope_id, org_unit_id, rank_group, is_ranked
),

passed as (
    select
        totals.stat_month,
        totals.scorecard_code,
        totals.scope_id,
        gates.kpi_code,
        gates.cap_points,
        {{ gate_passed(
            "actuals.kpi_value",
            "coalesce(targets.target_value, gates.threshold_value)",
            "kpis.direction",
            "gates.when_missing",
        ) }} as is_passed
    from totals
    inner join gates
        on
            totals.scorecard_code = gates.scorecard_code
            and {{ holds_in("gates", "totals.stat_month") }}
    inner join kpis
        on gates.kpi_code = kpis.kpi_code and {{ holds_in("kpis", "totals.stat_month") }}
    left join actuals
        on
            totals.stat_month = actuals.stat_month
            and totals.scope_type = actuals.scope_type
            and totals.scope_id = actuals.scope_id
            and gates.kpi_code = actuals.kpi_code
    left join targets
        on
            totals.stat_month = targets.stat_month
            and totals.scope_type = targets.scope_type
            and totals.scope_id = targets.scope_id
            and gates.kpi_code = targets.kpi_code
),

failed as (
    select
        stat_month,
        scorecard_code,
        scope_id,
        count(*) as gates_failed_cnt,
        {{ dbt.listagg("kpi_code", "', '", "order by kpi_code") }} as gates_failed,
        min(cap_points) as gate_cap_points
    from passed
    where not is_passed
    group by stat_month, scorecard_code, scope_id
),

capped as (
    select
        totals.*,
        coalesce(failed.gates_failed_cnt, 0) as gates_failed_cnt,
        failed.gates_failed,
        failed.gate_cap_points,
        cast(
            {{ capped_points("totals.points_before_gates", "failed.gate_cap_points") }}
            as numeric(9, 4)
        ) as total_points
    from totals
    left join failed
        on
            totals.stat_month = failed.stat_month
            and totals.scorecard_code = failed.scorecard_code
            and totals.scope_id = failed.scope_id
),

ranked as (
    select
        capped.*,
        is_ranked and total_points is not null as is_placed
    from capped
),

final as (
    select
        stat_month,
        scorecard_code,
        scope_type,
        scope_id,
        org_unit_id,
        cast(items_cnt as integer) as items_cnt,
        cast(scored_items_cnt as integer) as scored_items_cnt,
        scored_items_cnt = items_cnt as is_complete,
        counted_weight,
        cast(points_before_gates as numeric(9, 4)) as points_before_gates,
        cast(gates_failed_cnt as integer) as gates_failed_cnt,
        gates_failed,
        gate_cap_points,
        total_points,
        rank_group,
        is_ranked,
        case
            when is_placed
                then cast(
                    rank() over (
                        partition by stat_month, scorecard_code, rank_group, is_placed
                        order by total_points desc
                    ) as integer
                )
        end as rank_no,
        case
            when is_placed
                then cast(
                    count(*) over (
                        partition by stat_month, scorecard_code, rank_group, is_placed
                    ) as integer
                )
        end as rank_group_cnt
    from ranked
)

select * from final
