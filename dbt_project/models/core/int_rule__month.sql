-- grain: one row per business month of the calendar, with the parameters that hold in it
--
-- Models join this one row instead of searching rule tables; a month before the first rule has
-- nulls, and the test of complete rules refuses a month with data and a null.
with months as (
    select * from {{ ref("dim_month") }}
),

mid_high as (
    select
        months.stat_month,
        rule.rule_id as mid_high_rule_id,
        rule.min_billed_amt as mid_high_min_billed_amt,
        rule.min_voice_out_min as mid_high_min_voice_out_min,
        rule.baseline_months
    from months
    inner join {{ ref("mid_high_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
),

vad as (
    select
        months.stat_month,
        {{ parameter("rule", "dimension", "V", "min_value") }} as high_voice_min,
        {{ parameter("rule", "dimension", "D", "min_value") }} as high_data_mb,
        {{ parameter("rule", "dimension", "A", "min_value") }} as high_vas_fee_amt
    from months
    inner join {{ ref("vad_threshold") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    group by months.stat_month
),

-- a parameter's name is unique across the watch groups, which a test holds
watch as (
    select
        months.stat_month,
        {%- for parameter_name in [
            "min_conditions", "usage_drop_rate", "offnet_share_rise", "call_forward_min_cnt",
            "call_forward_ratio", "active_days_drop_rate", "recharge_drop_rate", "drop_rate",
            "min_billed_cv",
        ] %}
        {{ parameter("rule", "parameter", parameter_name) }} as {{ parameter_name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from months
    inner join {{ ref("watch_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    group by months.stat_month
),

priority as (
    select
        months.stat_month,
        {%- for watch_group in ["off_net_warning", "value_loss", "unstable"] %}
        {{ parameter("rule", "watch_group", watch_group, "priority") }}
            as {{ watch_group }}_priority{{ "," if not loop.last }}
        {%- endfor %}
    from months
    inner join {{ ref("watch_priority") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    group by months.stat_month
),

final as (
    select
        months.stat_month,
        mid_high.mid_high_rule_id,
        mid_high.mid_high_min_billed_amt,
        mid_high.mid_high_min_voice_out_min,
        mid_high.baseline_months,
        vad.high_voice_min,
        vad.high_data_mb,
        vad.high_vas_fee_amt,
        watch.min_conditions as off_net_warning_min_conditions,
        watch.usage_drop_rate,
        watch.offnet_share_rise,
        watch.call_forward_min_cnt,
        watch.call_forward_ratio,
        watch.active_days_drop_rate,
        watch.recharge_drop_rate,
        watch.drop_rate as value_loss_drop_rate,
        watch.min_billed_cv as unstable_min_billed_cv,
        priority.off_net_warning_priority,
        priority.value_loss_priority,
        priority.unstable_priority
    from months
    left join mid_high
        on months.stat_month = mid_high.stat_month
    left join vad
        on months.stat_month = vad.stat_month
    left join watch
        on months.stat_month = watch.stat_month
    left join priority
        on months.stat_month = priority.stat_month
)

select * from final
