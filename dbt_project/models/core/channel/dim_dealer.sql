-- grain: one row per business month and dealer
with dealers as (
    select * from {{ ref("stg_channel__dealer") }}
    where {{ in_months("stat_month") }}
),

agreements as (
    select * from {{ ref("fct_agreement_snapshot") }}
    where {{ in_months("stat_month") }}
),

channels as (
    select * from {{ ref("dim_channel") }}
    where {{ in_months("stat_month") }}
),

signed as (
    select
        stat_month,
        dealer_id,
        max(case when agreement_type = 'exclusive' then ends_on end) as exclusive_ends_on,
        max(case when agreement_type = 'underwriting' then ends_on end) as underwriting_ends_on,
        max(fund_share_rate) as fund_share_rate
    from agreements
    where is_in_force
    group by stat_month, dealer_id
),

shops as (
    select
        stat_month,
        dealer_id,
        count(*) as outlet_cnt,
        sum(case when is_open then 1 else 0 end) as open_outlet_cnt
    from channels
    where is_outlet and dealer_id is not null
    group by stat_month, dealer_id
),

final as (
    select
        dealers.stat_month,
        dealers.dealer_id,
        dealers.dealer_name,
        dealers.area_id,
        dealers.channel_manager_id,
        dealers.core_list,
        dealers.cooperation,
        dealers.competitor_shelf_rate,
        dealers.is_province_top_100,
        dealers.partner_since_on,
        dealers.credit_class,
        dealers.deposit_amt,
        dealers.status,
        dealers.ended_on,
        dealers.left_for,
        dealers.status <> 'ended' and signed.exclusive_ends_on is not null
            as has_exclusive_agreement,
        signed.exclusive_ends_on,
        dealers.status <> 'ended' and signed.underwriting_ends_on is not null
            as has_underwriting_agreement,
        signed.underwriting_ends_on,
        signed.fund_share_rate,
        cast(coalesce(shops.outlet_cnt, 0) as integer) as outlet_cnt,
        cast(coalesce(shops.open_outlet_cnt, 0) as integer) as open_outlet_cnt
    from dealers
    left join signed
        on dealers.stat_month = signed.stat_month and dealers.dealer_id = signed.dealer_id
    left join shops
        on dealers.stat_month = shops.stat_month and dealers.dealer_id = shops.dealer_id
)

select * from final
