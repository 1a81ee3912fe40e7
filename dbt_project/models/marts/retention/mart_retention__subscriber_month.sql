-- grain: one row per business month and subscriber who was on net at some time of the month
with facts as (
    select * from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }}
),

segments as (
    select * from {{ ref("int_subscriber_month__segment") }}
    where {{ in_months("stat_month") }}
),

final as (
    select
        facts.stat_month,
        facts.subscriber_id,
        facts.msisdn_masked,
        facts.customer_name_masked,
        {{- placement("facts") }},
        facts.brand,
        brand.name_zh as brand_name,
        brand.name_en as brand_name_en,
        facts.vip_level,
        vip.name_zh as vip_level_name,
        vip.name_en as vip_level_name_en,
        facts.status,
        status.name_zh as status_name,
        status.name_en as status_name_en,
        facts.is_on_net,
        segments.is_mid_high,
        segments.vad_class,
        vad.name_zh as vad_class_name,
        vad.name_en as vad_class_name_en,
        facts.is_handset_bound,
        facts.is_hard_bound,
        facts.contract_ends_on,
        segments.is_off_net_warning,
        segments.is_value_loss,
        segments.is_unstable,
        segments.watch_group,
        watch.name_zh as watch_group_name,
        watch.name_en as watch_group_name_en,
        cast(facts.billed_amt as numeric(18, 2)) as billed_amt,
        segments.baseline_billed_amt,
        cast(
            case
                when segments.baseline_billed_amt_sum > 0
                    then
                        facts.billed_amt * segments.baseline_bill_months
                        / segments.baseline_billed_amt_sum - 1
            end as numeric(18, 6)
        ) as bill_change_rate,
        cast(facts.voice_min as numeric(18, 2)) as voice_min,
        cast(facts.voice_out_min as numeric(18, 2)) as voice_out_min,
        cast(facts.data_mb as numeric(18, 2)) as data_mb,
        cast(facts.vas_fee_amt as numeric(18, 2)) as vas_fee_amt,
        cast(
            facts.voice_offnet_min / nullif(facts.voice_out_min, 0) as numeric(18, 6)
        ) as offnet_share
    from facts
    inner join segments
        on
            facts.stat_month = segments.stat_month
            and facts.subscriber_id = segments.subscriber_id
    {{- placement_joins("facts", "facts.stat_month") }}
    left join {{ ref("code_name") }} as brand
        on brand.code_set = 'brand' and facts.brand = brand.code
    left join {{ ref("code_name") }} as vip
        on vip.code_set = 'vip_level' and facts.vip_level = vip.code
    left join {{ ref("code_name") }} as status
        on status.code_set = 'subscriber_status' and facts.status = status.code
    left join {{ ref("vad_class") }} as vad
        on segments.vad_class = vad.vad_class
    left join {{ ref("code_name") }} as watch
        on watch.code_set = 'watch_group' and segments.watch_group = watch.code
)

select * from final
