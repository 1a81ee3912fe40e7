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

-- Customers whose warnings somebody works on, and what is compared of them.
customers as (
    select
        facts.*,
        segments.is_mid_high,
        segments.customer_grade,
        segments.baseline_billed_amt_sum,
        segments.baseline_bill_months,
        segments.baseline_call_forward_cnt_sum,
        segments.baseline_usage_months
    from facts
    inner join segments
        on
            facts.stat_month = segments.stat_month
            and facts.subscriber_id = segments.subscriber_id
    where segments.customer_grade > 0
),

-- Phase 2, during (事中, R094): a customer still on net whose month is out of line with the months
-- before. Comparisons are multiplied out, see int_subscriber_month__baseline.
during as (
    select
        customers.stat_month,
        customers.subscriber_id,
        customers.subscriber_id as subject_id,
        rules.month_end_on as raised_on,
        rules.rule_id,
        case rules.warning_type
            when 'bill_drop' then customers.billed_amt
            else customers.call_forward_cnt
        end as measure_value,
        case rules.warning_type
            when 'bill_drop' then customers.baseline_billed_amt_sum
            else customers.baseline_call_forward_cnt_sum
        end as baseline_sum,
        case rules.warning_type
            when 'bill_drop' then customers.baseline_bill_months
            else customers.baseline_usage_months
        end as baseline_months
    from customers
    inner join rules
        on
            customers.stat_month = rules.stat_month
            and customers.customer_grade >= rules.min_customer_grade
    where
        customers.is_on_net
        and case rules.warning_type
            -- the floor is the smallest baseline worth a warning
            when 'bill_drop'
                then
                    customers.baseline_bill_months > 0
                    and customers.baseline_billed_amt_sum > 0
                    and customers.baseline_billed_amt_sum
                    >= rules.floor_value * customers.baseline_bill_months
                    and customers.billed_amt * customers.baseline_bill_months
                    <= (1 - rules.threshold_value) * customers.baseline_billed_amt_sum
            -- the floor is the smallest count worth a warning
            when 'call_forward'
                then
                    customers.baseline_usage_months > 0
                    and customers.call_forward_cnt >= rules.floor_value
                    and customers.call_forward_cnt * customers.baseline_usage_months
                    >= rules.threshold_value * customers.baseline_call_forward_cnt_sum
            else false
        end
),

-- Phase 3, after (事后, R095): one for each departure, at the level of the customer.
after_departure as (
    select
        customers.stat_month,
        customers.subscriber_id,
        departures.event_id as subject_id,
        departures.event_on as raised_on,
        rules.rule_id,
        customers.billed_amt as measure_value,
        customers.baseline_billed_amt_sum as baseline_sum,
        customers.baseline_bill_months as baseline_months
    from {{ ref("fct_subscriber_status_event") }} as departures
    inner join customers
        on
            departures.stat_month = customers.stat_month
            and departures.subscriber_id = customers.subscriber_id
    inner join rules
        on
            customers.stat_month = rules.stat_month
            and customers.customer_grade >= rules.min_customer_grade
    where
        {{ in_months("departures.stat_month") }}
        and departures.is_departure
        and rules.warning_type = 'off_net'
),

-- of the levels that hold, the highest
raised as (
    select
        every_level.*,
        rules.phase,
        rules.warning_type,
        rules.warning_level,
        rules.threshold_value,
        rules.valid_from,
        row_number() over (
            partition by every_level.stat_month, rules.warning_type, every_level.subject_id
            order by rules.warning_level desc
        ) as highest_first
    from (
        select * from during
        union all
        select * from after_departure
    ) as every_level
    inner join rules
        on
            every_level.stat_month = rules.stat_month
            and every_level.rule_id = rules.rule_id
),

-- without an account manager the manager of the area has to act
area_managers as (
    {{ area_managers() }}
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
        customers.msisdn_masked,
        customers.customer_name_masked,
        {{- placement("customers") }},
        case
            when customers.account_manager_id <> '-' then customers.account_manager_id
            else coalesce(area_managers.staff_id, '-')
        end as owner_staff_id,
        customers.vip_level,
        vip.name_zh as vip_level_name,
        vip.name_en as vip_level_name_en,
        customers.is_mid_high,
        cast(raised.measure_value as numeric(18, 2)) as measure_value,
        cast(
            raised.baseline_sum / nullif(raised.baseline_months, 0) as numeric(20, 6)
        ) as baseline_value,
        cast(raised.threshold_value as numeric(18, 6)) as threshold_value,
        raised.rule_id,
        raised.valid_from as rule_valid_from
    from raised
    inner join customers
        on
            raised.stat_month = customers.stat_month
            and raised.subscriber_id = customers.subscriber_id
    left join area_managers
        on
            customers.stat_month = area_managers.stat_month
            and customers.area_id = area_managers.area_id
    {{- placement_joins("customers", "customers.stat_month") }}
    left join {{ ref("code_name") }} as phase
        on phase.code_set = 'warning_phase' and raised.phase = phase.code
    left join {{ ref("code_name") }} as type
        on type.code_set = 'warning_type' and raised.warning_type = type.code
    left join {{ ref("code_name") }} as level
        on
            level.code_set = 'warning_level'
            and level.code = {{ dbt.cast("raised.warning_level", dbt.type_string()) }}
    left join {{ ref("code_name") }} as vip
        on vip.code_set = 'vip_level' and customers.vip_level = vip.code
    where raised.highest_first = 1
)

select * from final
