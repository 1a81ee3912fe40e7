-- grain: one row per business month, scorecard, scope and KPI of the scorecard
--
-- How each point came about: what was measured, what it was held against and by which method, what
-- became of it after floor and cap, and with which weight it counts. Everything needed to recompute
-- `points` is in the row; macros/scoring.sql has the arithmetic.
with scopes as (
    select * from {{ ref("int_scope__month") }}
    where {{ in_months("stat_month") }} and is_active
),

cards as (
    select * from {{ ref("scorecard") }}
    where is_enabled
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

-- in these months the KPI's feeds came, so that nothing found means that nothing was done
delivered as (
    select distinct
        stat_month,
        kpi_code
    from actuals
),

items as (
    select
        scopes.stat_month,
        cards.scorecard_code,
        scopes.scope_type,
        scopes.scope_id,
        scopes.org_unit_id,
        {{ group_of("cards.peer_by", "scopes") }} as peer_group,
        {{ group_of("cards.rank_by", "scopes") }} as rank_group,
        members.is_ranked,
        item.rule_id,
        item.part,
        item.kpi_code,
        item.weight,
        item.when_missing,
        kpis.direction,
        kpis.zero_if_absent,
        kpis.standing_target,
        method.method_code,
        method.method,
        method.floor_rate,
        method.cap_rate,
        method.zero_base,
        method.min_peers,
        method.band_set
    from scopes
    inner join {{ ref("scorecard_scope") }} as members
        on
            scopes.scope_kind = members.scope_kind
            and {{ holds_in("members", "scopes.stat_month") }}
    inner join cards
        on
            members.scorecard_code = cards.scorecard_code
            and scopes.scope_type = cards.scope_type
            and {{ holds_in("cards", "scopes.stat_month") }}
    inner join {{ ref("scorecard_kpi") }} as item
        on
            cards.scorecard_code = item.scorecard_code
            and {{ holds_in("item", "scopes.stat_month") }}
    inner join kpis
        on item.kpi_code = kpis.kpi_code and {{ holds_in("kpis", "scopes.stat_month") }}
    inner join {{ ref("scoring_method") }} as method
        on
            item.method_code = method.method_code
            and {{ holds_in("method", "scopes.stat_month") }}
),

measured as (
    select
        items.*,
        actuals.numerator,
        actuals.denominator,
        coalesce(
            actuals.kpi_value,
            case when items.zero_if_absent and delivered.kpi_code is not null then 0 end
        ) as actual_value,
        actuals.kpi_value is null
        and items.zero_if_absent
        and delivered.kpi_code is not null as is_assumed_zero,
        coalesce(targets.target_value, items.standing_target) as target_value,
        case
            when targets.target_value is not null then targets.target_version
            when items.standing_target is not null then 'standing'
        end as target_version,
        actuals.data_cut_off_on
    from items
    left join delivered
        on items.stat_month = delivered.stat_month and items.kpi_code = delivered.kpi_code
    left join actuals
        on
            items.stat_month = actuals.stat_month
            and items.kpi_code = actuals.kpi_code
            and items.scope_type = actuals.scope_type
            and items.scope_id = actuals.scope_id
    left join targets
        on
            items.stat_month = targets.stat_month
            and items.kpi_code = targets.kpi_code
            and items.scope_type = targets.scope_type
            and items.scope_id = targets.scope_id
),

{%- set peers = "stat_month, scorecard_code, kpi_code, peer_group" %}

compared as (
    select
        measured.*,
        count(actual_value) over (partition by {{ peers }}) as peers_cnt,
        {{ best_of("actual_value", "direction", peers) }} as best_value
    from measured
),

based as (
    select
        compared.*,
        case method
            when 'target_value' then target_value
            when 'best_in_group' then best_value
        end as base_value,
        band.score_rate as band_rate
    from compared
    left join {{ ref("score_band") }} as band
        on
            compared.band_set = band.band_set
            and (band.from_value is null or compared.actual_value >= band.from_value)
            and (band.to_value is null or compared.actual_value < band.to_value)
            and compared.actual_value is not null
            and {{ holds_in("band", "compared.stat_month") }}
),

rated as (
    select
        based.*,
        {{ rate_by_method(
            "method", "actual_value", "base_value", "band_rate", "direction",
            "floor_rate", "cap_rate", "zero_base", "peers_cnt", "min_peers",
        ) }} as uncapped_rate
    from based
),

scored as (
    select
        rated.*,
        {{ score_state(
            "method", "uncapped_rate", "actual_value", "target_value", "peers_cnt", "min_peers"
        ) }} as score_state,
        {{ clip("uncapped_rate", "floor_rate", "cap_rate") }} as score_rate,
        uncapped_rate is not null or when_missing = 'zero' as is_counted
    from rated
),

{%- set card = "stat_month, scorecard_code, scope_type, scope_id" %}

parts as (
    select
        scored.*,
        sum(weight) over (partition by {{ card }}, part) as part_weight,
        sum(case when is_counted then weight else 0 end)
            over (partition by {{ card }}, part) as part_counted_weight
    from scored
),

whole as (
    select
        parts.*,
        sum(case when part_counted_weight > 0 then weight else 0 end)
            over (partition by {{ card }}) as all_counted_weight
    from parts
),

weighted as (
    select
        whole.*,
        {{ counted_weight(
            "is_counted", "weight", "part_weight", "part_counted_weight", "all_counted_weight"
        ) }} as counted_weight
    from whole
),

final as (
    select
        stat_month,
        scorecard_code,
        scope_type,
        scope_id,
        org_unit_id,
        kpi_code,
        part,
        rule_id as scorecard_kpi_rule_id,
        method_code,
        method,
        direction,
        peer_group,
        cast(peers_cnt as integer) as peers_cnt,
        numerator,
        denominator,
        cast(actual_value as numeric(28, 10)) as actual_value,
        is_assumed_zero,
        target_value,
        target_version,
        cast(best_value as numeric(28, 10)) as best_value,
        floor_rate,
        cap_rate,
        cast(uncapped_rate as numeric(28, 10)) as uncapped_rate,
        cast(score_rate as numeric(12, 10)) as score_rate,
        score_state,
        is_counted,
        weight,
        cast(counted_weight as numeric(12, 10)) as counted_weight,
        -- 100 points are the full score of a scorecard
        cast(100 * counted_weight * coalesce(score_rate, 0) as numeric(12, 6)) as points,
        rank_group,
        is_ranked,
        data_cut_off_on
    from weighted
)

select * from final
