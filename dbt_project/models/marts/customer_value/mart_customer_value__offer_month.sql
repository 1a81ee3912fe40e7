-- grain: one row per business month, area, account manager and competing product
with offers as (
    select * from {{ ref("fct_competitor_offer") }}
    where {{ in_months("stat_month") }}
),

products as (
    select * from {{ ref("dim_product") }}
    where {{ in_months("stat_month") }}
),

-- an offer is the same everywhere; it stands wherever there are customers, so that each reader
-- meets it with what is at stake among theirs
places as (
    select distinct
        stat_month,
        area_id,
        account_manager_id
    from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

used as (
    select
        stat_month,
        area_id,
        account_manager_id,
        product_id,
        count(distinct group_id) as customer_cnt,
        sum(line_cnt) as line_cnt,
        sum(monthly_fee_amt) as at_stake_amt
    from {{ ref("fct_product_instance") }}
    where {{ in_months("stat_month") }} and is_in_use
    group by stat_month, area_id, account_manager_id, product_id
),

months as (
    select
        months.stat_month,
        {{ parameter("rule", "parameter", "offer_same_fee_share") }} as same_fee_share,
        {{ parameter("rule", "parameter", "offer_same_quality_points") }} as same_quality_points
    from {{ ref("dim_month") }} as months
    left join {{ ref("customer_value_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by months.stat_month
),

-- our product against theirs: what it costs, and how good it is
judged as (
    select
        offers.*,
        case
            when
                abs(offers.own_monthly_fee_amt - offers.monthly_fee_amt)
                <= months.same_fee_share * offers.own_monthly_fee_amt
                then 'same'
            when offers.own_monthly_fee_amt < offers.monthly_fee_amt then 'less'
            else 'more'
        end as price_standing,
        case
            when
                abs(offers.own_quality_score - offers.quality_score) <= months.same_quality_points
                then 'same'
            when offers.own_quality_score > offers.quality_score then 'better'
            else 'worse'
        end as quality_standing
    from offers
    inner join months
        on offers.stat_month = months.stat_month
),

positioned as (
    select
        places.stat_month,
        places.area_id,
        places.account_manager_id,
        judged.tariff_id,
        judged.tariff_name,
        judged.competitor,
        judged.own_product_id,
        coalesce(products.product_name, judged.own_product_id) as own_product_name,
        coalesce(products.product_name_en, judged.own_product_id) as own_product_name_en,
        judged.business_kind,
        judged.quality_standing || '_for_' || judged.price_standing as offer_position,
        judged.monthly_fee_amt,
        judged.own_monthly_fee_amt,
        judged.quality_score,
        judged.own_quality_score,
        judged.surveyed_on,
        coalesce(used.customer_cnt, 0) as customer_cnt,
        coalesce(used.line_cnt, 0) as line_cnt,
        coalesce(used.at_stake_amt, 0) as at_stake_amt
    from places
    inner join judged
        on places.stat_month = judged.stat_month
    left join products
        on
            judged.stat_month = products.stat_month
            and judged.own_product_id = products.product_id
    left join used
        on
            places.stat_month = used.stat_month
            and places.area_id = used.area_id
            and places.account_manager_id = used.account_manager_id
            and judged.own_product_id = used.product_id
),

final as (
    select
        positioned.stat_month,
        {{- placement("positioned") }},
        positioned.tariff_id,
        positioned.tariff_name,
        positioned.competitor,
        competitor.name_zh as competitor_name,
        competitor.name_en as competitor_name_en,
        positioned.own_product_id,
        positioned.own_product_name,
        positioned.own_product_name_en,
        positioned.business_kind,
        positioned.offer_position,
        standing.name_zh as offer_position_name,
        standing.name_en as offer_position_name_en,
        cast(positioned.monthly_fee_amt as numeric(18, 2)) as monthly_fee_amt,
        cast(positioned.own_monthly_fee_amt as numeric(18, 2)) as own_monthly_fee_amt,
        cast(positioned.quality_score as numeric(18, 2)) as quality_score,
        cast(positioned.own_quality_score as numeric(18, 2)) as own_quality_score,
        positioned.surveyed_on,
        cast(positioned.customer_cnt as integer) as customer_cnt,
        cast(positioned.line_cnt as integer) as line_cnt,
        cast(positioned.at_stake_amt as numeric(18, 2)) as at_stake_amt
    from positioned
    {{- placement_joins("positioned", "positioned.stat_month") }}
    left join {{ ref("code_name") }} as competitor
        on competitor.code_set = 'competitor' and positioned.competitor = competitor.code
    left join {{ ref("code_name") }} as standing
        on standing.code_set = 'offer_position' and positioned.offer_position = standing.code
)

select * from final
