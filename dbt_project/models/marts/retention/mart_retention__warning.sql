-- grain: one row per warning: business month, phase, type and the subscriber or event it is about
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

segments as (
    select * from {{ ref("int_subscriber_month__segment") }}
    where {{ in_months("stat_month") }}
),

months as (
    select * from {{ ref("dim_month") }}
    where {{ in_months("stat_month") }}
),

rules as (
    select
        months.stat_month,
        months.month_end_on,
        rule.*
    from months
    inner join {{ ref("warning_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where rule.is_enabled
),

-- Phase 2, during (事中, R094): a key customer still on net whose month is out of line with the
-- months before. Comparisons are multiplied out, see int_subscriber_month__baseline.
measured as (
    select
        facts.stat_month,
        facts.subscriber_id,
        'bill_drop' as warning_type,
        segments.customer_grade,
        facts.billed_amt as measure_value,
        segments.baseline_billed_amt_sum as baseline_sum,
        segments.baseline_bill_months as baseline_months
    from facts
    inner join segments
        on
            facts.stat_month = segments.stat_month
            and facts.subscriber_id = segments.subscriber_id
    where facts.is_on_net and segments.customer_grade > 0

    union all

    select
        facts.stat_month,
        facts.subscriber_id,
        'call_forward' as warning_type,
        segments.customer_grade,
        facts.call_forward_cnt as measure_value,
        segments.baseline_call_forward_cnt_sum as baseline_sum,
        segments.baseline_usage_months as baseline_months
    from facts
    inner join segments
        on
            facts.stat_month = segments.stat_month
            and facts.subscriber_id = segments.subscriber_id
    where facts.is_on_net and segments.customer_grade > 0
),

during as (
    select
        measured.stat_month,
        rules.phase,
        measured.warning_type,
        measured.subscriber_id as subject_id,
        measured.subscriber_id,
        rules.month_end_on as raised_on,
        measured.measure_value,
        measured.baseline_sum,
        measured.baseline_months,
        rules.rule_id,
        rules.warning_level,
        rules.threshold_value,
        rules.valid_from
    from measured
    inner join rules
        on
            measured.stat_month = rules.stat_month
            and measured.warning_type = rules.warning_type
            and measured.customer_grade >= rules.min_customer_grade
    where
        rules.phase = 'during'
        and measured.baseline_months > 0
        and case measured.warning_type
            -- the floor is the smallest baseline worth a warning
            when 'bill_drop'
                then
                    measured.baseline_sum > 0
                    and measured.baseline_sum >= rules.floor_value * measured.baseline_months
                    and measured.measure_value * measured.baseline_months
                    <= (1 - rules.threshold_value) * measured.baseline_sum
            -- the floor is the smallest count worth a warning
            when 'call_forward'
                then
                    measured.measure_value >= rules.floor_value
                    and measured.measure_value * measured.baseline_months
                    >= rules.threshold_value * measured.baseline_sum
        end
),

-- Phase 3, after (事后, R095): one for each departure, at the level of the customer.
after_departure as (
    select
        departures.stat_month,
        rules.phase,
        rules.warning_type,
        departures.event_id as subject_id,
        departures.subscriber_id,
        departures.event_on as raised_on,
        facts.billed_amt as measure_value,
        segments.baseline_billed_amt_sum as baseline_sum,
        segments.baseline_bill_months as baseline_months,
        rules.rule_id,
        rules.warning_level,
        rules.threshold_value,
        rules.valid_from
    from {{ ref("fct_subscriber_status_event") }} as departures
    inner join facts
        on
            departures.stat_month = facts.stat_month
            and departures.subscriber_id = facts.subscriber_id
    inner join segments
        on
            departures.stat_month = segments.stat_month
            and departures.subscriber_id = segments.subscriber_id
    inner join rules
        on
            departures.stat_month = rules.stat_month
            and segments.customer_grade >= rules.min_customer_grade
    where
        {{ in_months("departures.stat_month") }}
        and departures.is_departure
        and rules.warning_type = 'off_net'
),

-- of the levels that hold, the highest
raised as (
    select
        every_level.*,
        row_number() over (
            partition by stat_month, phase, warning_type, subject_id
            order by warning_level desc
        ) as highest_first
    from (
        select * from during
        union all
        select * from after_departure
    ) as every_level
),

-- without an account manager the manager of the area has to act
area_managers as (
    select
        stat_month,
        org_unit_id as area_id,
        min(staff_id) as staff_id
    from {{ ref("dim_staff") }}
    where {{ in_months("stat_month") }} and post = 'manager' and is_active
    group by stat_month, org_unit_id
),

final as (
    select
        {{ dbt.concat([
            dbt.cast("raised.stat_month", dbt.type_string()), "'|'", "raised.phase", "'|'",
            "raised.warning_type", "'|'", "raised.subject_id",
        ]) }} as warning_id,
        raised.stat_month,
        raised.phase,
        phase.name_zh as phase_name,
        phase.name_en as phase_name_en,
        raised.warning_type,
        type.name_zh as warning_type_name,
        type.name_en as warning_type_name_en,
        raised.warning_level,
        level.name_zh as warning_level_name,
        level.name_en as warning_level_name_en,
        raised.raised_on,
        raised.subscriber_id,
        facts.msisdn_masked,
        facts.customer_name_masked,
        {{- placement("facts") }},
        case
            when facts.account_manager_id <> '-' then facts.account_manager_id
            else coalesce(area_managers.staff_id, '-')
        end as owner_staff_id,
        facts.vip_level,
        vip.name_zh as vip_level_name,
        vip.name_en as vip_level_name_en,
        segments.is_mid_high,
        cast(raised.measure_value as numeric(18, 2)) as measure_value,
        cast(
            raised.baseline_sum / nullif(raised.baseline_months, 0) as numeric(20, 6)
        ) as baseline_value,
        cast(raised.threshold_value as numeric(18, 6)) as threshold_value,
        raised.rule_id,
        raised.valid_from as rule_valid_from
    from raised
    inner join facts
        on
            raised.stat_month = facts.stat_month
            and raised.subscriber_id = facts.subscriber_id
    inner join segments
        on
            raised.stat_month = segments.stat_month
            and raised.subscriber_id = segments.subscriber_id
    left join area_managers
        on
            facts.stat_month = area_managers.stat_month
            and facts.area_id = area_managers.area_id
    {{- placement_joins("facts", "facts.stat_month") }}
    left join {{ ref("code_name") }} as phase
        on phase.code_set = 'warning_phase' and raised.phase = phase.code
    left join {{ ref("code_name") }} as type
        on type.code_set = 'warning_type' and raised.warning_type = type.code
    left join {{ ref("code_name") }} as level
        on
            level.code_set = 'warning_level'
            and level.code = {{ dbt.cast("raised.warning_level", dbt.type_string()) }}
    left join {{ ref("code_name") }} as vip
        on vip.code_set = 'vip_level' and facts.vip_level = vip.code
    where raised.highest_first = 1
)

select * from final
