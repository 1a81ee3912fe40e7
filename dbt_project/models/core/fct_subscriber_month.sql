-- grain: one row per business month and subscriber who was on net at some time of the month
with subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
    where {{ in_months("stat_month") }}
),

opening as (
    select
        subscriber_id,
        {{ add_months("stat_month", 1) }} as stat_month
    from {{ ref("stg_crm__subscriber") }}
    where {{ in_months("stat_month", shift=-1) }} and {{ is_on_net("status") }}
),

usage as (
    select * from {{ ref("stg_boss__subscriber_usage") }}
    where {{ in_months("stat_month") }}
),

bills as (
    select * from {{ ref("stg_boss__subscriber_bill") }}
    where {{ in_months("stat_month") }}
),

recharges as (
    select
        stat_month,
        subscriber_id,
        sum(recharge_amt) as recharge_amt,
        count(*) as recharge_cnt
    from {{ ref("stg_boss__recharge") }}
    where {{ in_months("stat_month") }}
    group by stat_month, subscriber_id
),

-- A contract binds at month end when it is active and that day lies in its term: systems are known
-- to leave expired contracts marked active.
bindings as (
    select
        contracts.stat_month,
        contracts.subscriber_id,
        max(case when contracts.binding_type = 'handset' then 1 else 0 end) as handset_cnt,
        max(contracts.ends_on) as contract_ends_on
    from {{ ref("stg_crm__contract") }} as contracts
    inner join {{ ref("dim_month") }} as months
        on contracts.stat_month = months.stat_month
    where
        {{ in_months("contracts.stat_month") }}
        and contracts.contract_status = 'active'
        and contracts.starts_on <= months.month_end_on
        and contracts.ends_on >= months.month_end_on
    group by contracts.stat_month, contracts.subscriber_id
),

departures as (
    select
        stat_month,
        subscriber_id,
        event_reason,
        row_number() over (
            partition by stat_month, subscriber_id
            order by event_at desc, event_id desc
        ) as newest_first
    from {{ ref("fct_subscriber_status_event") }}
    where {{ in_months("stat_month") }} and is_departure
),

joined as (
    select
        subscribers.*,
        {{ is_on_net("subscribers.status") }} as is_on_net,
        opening.subscriber_id is not null as is_opening,
        usage.subscriber_id is not null as has_usage,
        bills.subscriber_id is not null as has_bill,
        bindings.subscriber_id is not null as is_hard_bound,
        coalesce(bindings.handset_cnt, 0) > 0 as is_handset_bound,
        bindings.contract_ends_on,
        departures.event_reason as departure_reason,
        usage.voice_out_min,
        usage.voice_in_min,
        usage.voice_offnet_min,
        usage.voice_long_distance_min,
        usage.voice_roaming_min,
        usage.sms_cnt,
        usage.data_mb,
        usage.call_forward_cnt,
        usage.active_days,
        bills.rental_fee_amt,
        bills.voice_fee_amt,
        bills.data_fee_amt,
        bills.vas_fee_amt,
        bills.other_fee_amt,
        bills.discount_amt,
        bills.billed_amt,
        bills.arrears_amt,
        recharges.recharge_amt,
        recharges.recharge_cnt
    from subscribers
    left join opening
        on
            subscribers.stat_month = opening.stat_month
            and subscribers.subscriber_id = opening.subscriber_id
    left join usage
        on
            subscribers.stat_month = usage.stat_month
            and subscribers.subscriber_id = usage.subscriber_id
    left join bills
        on
            subscribers.stat_month = bills.stat_month
            and subscribers.subscriber_id = bills.subscriber_id
    left join recharges
        on
            subscribers.stat_month = recharges.stat_month
            and subscribers.subscriber_id = recharges.subscriber_id
    left join bindings
        on
            subscribers.stat_month = bindings.stat_month
            and subscribers.subscriber_id = bindings.subscriber_id
    left join departures
        on
            subscribers.stat_month = departures.stat_month
            and subscribers.subscriber_id = departures.subscriber_id
            and departures.newest_first = 1
),

-- In the first month with data nobody is known to have been on net before; then the date of the
-- status tells who left in it.
departed as (
    select
        joined.*,
        not is_on_net and (is_opening or status_since >= stat_month) as has_left
    from joined
),

final as (
    select
        stat_month,
        subscriber_id,
        {{ mask_msisdn("msisdn") }} as msisdn_masked,
        {{ mask_name("customer_name") }} as customer_name_masked,
        brand,
        vip_level,
        acquisition_channel,
        opened_on,
        area_id,
        coalesce(account_manager_id, '-') as account_manager_id,
        status,
        status_since,
        is_on_net,
        is_opening,
        has_left,
        -- by choice unless the operator cut the line for arrears
        has_left and coalesce(departure_reason, 'none') <> 'arrears' as has_left_voluntarily,
        is_hard_bound,
        is_handset_bound,
        contract_ends_on,
        has_usage,
        coalesce(voice_out_min, 0) as voice_out_min,
        coalesce(voice_in_min, 0) as voice_in_min,
        coalesce(voice_out_min, 0) + coalesce(voice_in_min, 0) as voice_min,
        coalesce(voice_offnet_min, 0) as voice_offnet_min,
        coalesce(voice_long_distance_min, 0) as voice_long_distance_min,
        coalesce(voice_roaming_min, 0) as voice_roaming_min,
        coalesce(sms_cnt, 0) as sms_cnt,
        coalesce(data_mb, 0) as data_mb,
        coalesce(call_forward_cnt, 0) as call_forward_cnt,
        coalesce(active_days, 0) as active_days,
        has_bill,
        coalesce(rental_fee_amt, 0) as rental_fee_amt,
        coalesce(voice_fee_amt, 0) as voice_fee_amt,
        coalesce(data_fee_amt, 0) as data_fee_amt,
        coalesce(vas_fee_amt, 0) as vas_fee_amt,
        coalesce(other_fee_amt, 0) as other_fee_amt,
        coalesce(discount_amt, 0) as discount_amt,
        coalesce(billed_amt, 0) as billed_amt,
        coalesce(arrears_amt, 0) as arrears_amt,
        coalesce(recharge_amt, 0) as recharge_amt,
        cast(coalesce(recharge_cnt, 0) as integer) as recharge_cnt
    from departed
    where is_on_net or is_opening or has_left or has_usage or has_bill
)

select * from final
