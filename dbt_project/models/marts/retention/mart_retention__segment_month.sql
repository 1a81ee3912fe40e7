-- grain: one row per business month, area, account manager, VAD class, watch group, mid/high-end or
-- not, handset-bound or not
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

segments as (
    select * from {{ ref("int_subscriber_month__segment") }}
    where {{ in_months("stat_month") }}
),

counted as (
    select
        facts.stat_month,
        facts.area_id,
        facts.account_manager_id,
        segments.vad_class,
        segments.watch_group,
        segments.is_mid_high,
        facts.is_handset_bound,
        sum(case when facts.is_opening then 1 else 0 end) as opening_cnt,
        sum(case when facts.is_on_net then 1 else 0 end) as subscriber_cnt,
        sum(case when facts.has_left then 1 else 0 end) as off_net_cnt,
        sum(case when facts.has_left_voluntarily then 1 else 0 end) as voluntary_off_net_cnt,
        sum(case when facts.is_on_net and facts.is_hard_bound then 1 else 0 end)
            as hard_bound_cnt,
        sum(case when segments.is_off_net_warning then 1 else 0 end) as off_net_warning_cnt,
        sum(case when segments.is_value_loss then 1 else 0 end) as value_loss_cnt,
        sum(case when segments.is_unstable then 1 else 0 end) as unstable_cnt,
        sum(case when segments.watch_group <> 'none' then 1 else 0 end) as watch_cnt,
        sum(facts.billed_amt) as billed_amt,
        sum(facts.voice_min) as voice_min,
        sum(facts.data_mb) as data_mb,
        sum(facts.vas_fee_amt) as vas_fee_amt
    from facts
    inner join segments
        on
            facts.stat_month = segments.stat_month
            and facts.subscriber_id = segments.subscriber_id
    group by
        facts.stat_month,
        facts.area_id,
        facts.account_manager_id,
        segments.vad_class,
        segments.watch_group,
        segments.is_mid_high,
        facts.is_handset_bound
),

final as (
    select
        counted.stat_month,
        {{- placement("counted") }},
        counted.vad_class,
        vad.name_zh as vad_class_name,
        vad.name_en as vad_class_name_en,
        counted.watch_group,
        watch.name_zh as watch_group_name,
        watch.name_en as watch_group_name_en,
        counted.is_mid_high,
        counted.is_handset_bound,
        cast(counted.opening_cnt as integer) as opening_cnt,
        cast(counted.subscriber_cnt as integer) as subscriber_cnt,
        cast(counted.off_net_cnt as integer) as off_net_cnt,
        cast(counted.voluntary_off_net_cnt as integer) as voluntary_off_net_cnt,
        cast(counted.hard_bound_cnt as integer) as hard_bound_cnt,
        cast(counted.off_net_warning_cnt as integer) as off_net_warning_cnt,
        cast(counted.value_loss_cnt as integer) as value_loss_cnt,
        cast(counted.unstable_cnt as integer) as unstable_cnt,
        cast(counted.watch_cnt as integer) as watch_cnt,
        cast(counted.billed_amt as numeric(18, 2)) as billed_amt,
        cast(counted.voice_min as numeric(18, 2)) as voice_min,
        cast(counted.data_mb as numeric(18, 2)) as data_mb,
        cast(counted.vas_fee_amt as numeric(18, 2)) as vas_fee_amt
    from counted
    {{- placement_joins("counted", "counted.stat_month") }}
    left join {{ ref("vad_class") }} as vad
        on counted.vad_class = vad.vad_class
    left join {{ ref("code_name") }} as watch
        on watch.code_set = 'watch_group' and counted.watch_group = watch.code
)

select * from final
