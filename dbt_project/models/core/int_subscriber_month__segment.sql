-- grain: one row per business month and subscriber, as in fct_subscriber_month
--
-- What kind of customer this is in the month: mid/high-end (中高端), VAD class (R065), watch groups
-- (R062-R064). Thresholds come from int_rule__month; comparisons are multiplied out, see
-- int_subscriber_month__baseline.
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

baselines as (
    select * from {{ ref("int_subscriber_month__baseline") }}
    where {{ in_months("stat_month") }}
),

rules as (
    select * from {{ ref("int_rule__month") }}
),

-- Each sign on its own; a sign is false where its baseline is missing.
signs as (
    select
        facts.stat_month,
        facts.subscriber_id,
        facts.vip_level,
        facts.account_manager_id,
        facts.is_on_net,
        facts.is_hard_bound,
        rules.mid_high_rule_id,
        rules.off_net_warning_min_conditions,
        rules.off_net_warning_priority,
        rules.value_loss_priority,
        rules.unstable_priority,
        baselines.bill_months,
        baselines.billed_amt_sum,
        baselines.usage_months,
        baselines.call_forward_cnt_sum,

        -- judged on the months before, so that a falling month cannot expel a customer from the
        -- very group that is watched for falling
        coalesce(
            baselines.bill_months > 0
            and baselines.usage_months > 0
            and baselines.billed_amt_sum >= rules.mid_high_min_billed_amt * baselines.bill_months
            and baselines.voice_out_min_sum
            >= rules.mid_high_min_voice_out_min * baselines.usage_months,
            false
        ) as is_mid_high,

        facts.voice_min >= rules.high_voice_min as is_high_voice,
        facts.data_mb >= rules.high_data_mb as is_high_data,
        facts.vas_fee_amt >= rules.high_vas_fee_amt as is_high_vas,

        coalesce(
            baselines.voice_min_sum > 0
            and facts.voice_min * baselines.usage_months
            <= (1 - rules.usage_drop_rate) * baselines.voice_min_sum,
            false
        ) as has_usage_drop,

        coalesce(
            facts.voice_out_min > 0
            and baselines.voice_out_min_sum > 0
            and facts.voice_offnet_min * baselines.voice_out_min_sum
            - baselines.voice_offnet_min_sum * facts.voice_out_min
            >= rules.offnet_share_rise * facts.voice_out_min * baselines.voice_out_min_sum,
            false
        ) as has_offnet_rise,

        coalesce(
            baselines.usage_months > 0
            and facts.call_forward_cnt >= rules.call_forward_min_cnt
            and facts.call_forward_cnt * baselines.usage_months
            >= rules.call_forward_ratio * baselines.call_forward_cnt_sum,
            false
        ) as has_call_forward_jump,

        coalesce(
            baselines.active_days_sum > 0
            and facts.active_days * baselines.usage_months
            <= (1 - rules.active_days_drop_rate) * baselines.active_days_sum,
            false
        )
        or coalesce(
            baselines.recharge_amt_sum > 0
            and facts.recharge_amt * baselines.bill_months
            <= (1 - rules.recharge_drop_rate) * baselines.recharge_amt_sum,
            false
        ) as has_activity_fall,

        coalesce(
            baselines.billed_amt_sum > 0
            and facts.billed_amt * baselines.bill_months
            <= (1 - rules.value_loss_drop_rate) * baselines.billed_amt_sum,
            false
        ) as has_bill_drop,

        -- Coefficient of variation of the n bills (baseline and this month) without a root:
        -- (n * sum of squares - square of sum) / square of sum >= cv squared.
        coalesce(
            baselines.bill_months > 0
            and baselines.billed_amt_sum + facts.billed_amt > 0
            and (baselines.bill_months + 1)
            * (baselines.billed_amt_square_sum + facts.billed_amt * facts.billed_amt)
            - (baselines.billed_amt_sum + facts.billed_amt)
            * (baselines.billed_amt_sum + facts.billed_amt)
            >= rules.unstable_min_billed_cv * rules.unstable_min_billed_cv
            * (baselines.billed_amt_sum + facts.billed_amt)
            * (baselines.billed_amt_sum + facts.billed_amt),
            false
        ) as has_volatile_bill
    from facts
    inner join rules
        on facts.stat_month = rules.stat_month
    left join baselines
        on
            facts.stat_month = baselines.stat_month
            and facts.subscriber_id = baselines.subscriber_id
),

-- The watch groups are of mid/high-end customers who are still here.
watched as (
    select
        signs.*,
        is_on_net and is_mid_high
        and (case when has_usage_drop then 1 else 0 end)
        + (case when has_offnet_rise then 1 else 0 end)
        + (case when has_call_forward_jump then 1 else 0 end)
        + (case when has_activity_fall then 1 else 0 end)
        >= off_net_warning_min_conditions as is_off_net_warning,
        is_on_net and is_mid_high and has_bill_drop as is_value_loss,
        is_on_net and is_mid_high and not is_hard_bound and has_volatile_bill as is_unstable
    from signs
),

prioritised as (
    select
        watched.*,
        least(
            case when is_off_net_warning then off_net_warning_priority end,
            case when is_value_loss then value_loss_priority end,
            case when is_unstable then unstable_priority end
        ) as first_priority
    from watched
),

final as (
    select
        prioritised.stat_month,
        prioritised.subscriber_id,
        prioritised.mid_high_rule_id,
        prioritised.is_mid_high,
        vad.vad_class,
        prioritised.has_usage_drop,
        prioritised.has_offnet_rise,
        prioritised.has_call_forward_jump,
        prioritised.has_activity_fall,
        prioritised.is_off_net_warning,
        prioritised.is_value_loss,
        prioritised.is_unstable,
        case prioritised.first_priority
            when prioritised.off_net_warning_priority then 'off_net_warning'
            when prioritised.value_loss_priority then 'value_loss'
            when prioritised.unstable_priority then 'unstable'
            else 'none'
        end as watch_group,
        -- how much a customer's warning matters: 3 VIP and mid/high-end, 2 either, 1 has an account
        -- manager, 0 everybody else
        case
            when prioritised.vip_level <> 'none' and prioritised.is_mid_high then 3
            when prioritised.vip_level <> 'none' or prioritised.is_mid_high then 2
            when prioritised.account_manager_id <> '-' then 1
            else 0
        end as customer_grade,
        cast(
            prioritised.billed_amt_sum / nullif(prioritised.bill_months, 0) as numeric(20, 6)
        ) as baseline_billed_amt,
        prioritised.billed_amt_sum as baseline_billed_amt_sum,
        coalesce(prioritised.bill_months, 0) as baseline_bill_months,
        prioritised.call_forward_cnt_sum as baseline_call_forward_cnt_sum,
        coalesce(prioritised.usage_months, 0) as baseline_usage_months
    from prioritised
    left join {{ ref("vad_class") }} as vad
        on
            prioritised.is_high_voice = vad.is_high_voice
            and prioritised.is_high_data = vad.is_high_data
            and prioritised.is_high_vas = vad.is_high_vas
)

select * from final
