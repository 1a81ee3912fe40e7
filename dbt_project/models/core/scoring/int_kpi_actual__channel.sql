-- grain: one row per business month, KPI and outlet or dealer
--
-- Parts of the KPIs of own halls and of dealers. What is divided by staff on duty has no
-- denominator, and so no value, where the hall's month is missing.
with halls as (
    select stat_month, outlet_id, area_id
    from {{ ref("stg_channel__outlet") }}
    where {{ in_months("stat_month") }} and dealer_id is null
),

hall_months as (
    select
        hall.*,
        cast({{ dbt.last_day("hall.stat_month", "month") }} as date) as as_of_on
    from {{ ref("stg_channel__hall_month") }} as hall
    where {{ in_months("hall.stat_month") }}
),

openings as (
    select
        stat_month,
        outlet_id,
        dealer_id,
        cast(opened_at as date) as as_of_on
    from {{ ref("stg_boss__opening") }}
    where {{ in_months("stat_month") }}
),

hall_openings as (
    select
        stat_month,
        outlet_id,
        count(*) as opened_cnt,
        max(as_of_on) as as_of_on
    from openings
    where outlet_id is not null
    group by stat_month, outlet_id
),

transactions as (
    select
        stat_month,
        outlet_id,
        sum(case when transaction_type = 'campaign_order' then transaction_cnt else 0 end)
            as campaign_cnt,
        sum(
            case
                when
                    handling = 'counter'
                    and transaction_type in (
                        'account_opening', 'card_replacement', 'special_prepayment', 'payment',
                        'product_change'
                    )
                    then transaction_cnt
                else 0
            end
        ) as routine_cnt,
        sum(case when handling = 'counter' then transaction_cnt else 0 end) as counter_cnt,
        sum(case when transaction_type = 'payment' then transaction_cnt else 0 end) as payment_cnt,
        sum(
            case
                when transaction_type = 'payment' and handling = 'self_service'
                    then transaction_cnt
                else 0
            end
        ) as self_service_payment_cnt,
        max(business_date) as as_of_on
    from {{ ref("stg_channel__transaction") }}
    where {{ in_months("stat_month") }}
    group by stat_month, outlet_id
),

dealers as (
    select * from {{ ref("stg_channel__dealer") }}
    where {{ in_months("stat_month") }}
),

signed as (
    select distinct
        stat_month,
        dealer_id
    from {{ ref("stg_channel__agreement") }}
    where
        {{ in_months("stat_month") }}
        and agreement_type = 'exclusive'
        and status = 'active'
        and starts_on <= cast({{ dbt.last_day("stat_month", "month") }} as date)
        and ends_on >= cast({{ dbt.last_day("stat_month", "month") }} as date)
),

hall_parts as (
    select
        stat_month,
        'hall_new_numbers' as kpi_code,
        outlet_id,
        opened_cnt as numerator,
        cast(null as numeric(20, 4)) as denominator,
        as_of_on
    from hall_openings
    union all
    -- a hall that opened no number has a month on duty, and so a value of zero
    select
        hall_months.stat_month,
        'hall_new_numbers_per_head',
        hall_months.outlet_id,
        coalesce(hall_openings.opened_cnt, 0),
        hall_months.on_duty_staff_cnt,
        hall_months.as_of_on
    from hall_months
    left join hall_openings
        on
            hall_months.stat_month = hall_openings.stat_month
            and hall_months.outlet_id = hall_openings.outlet_id
    {%- for kpi_code, amount in [
        ("hall_campaign_orders_per_head", "campaign_cnt"),
        ("hall_routine_transactions_per_head", "routine_cnt"),
    ] %}
    union all
    select
        hall_months.stat_month,
        '{{ kpi_code }}',
        hall_months.outlet_id,
        coalesce(transactions.{{ amount }}, 0),
        hall_months.on_duty_staff_cnt,
        hall_months.as_of_on
    from hall_months
    left join transactions
        on
            hall_months.stat_month = transactions.stat_month
            and hall_months.outlet_id = transactions.outlet_id
    {%- endfor %}
    union all
    select
        stat_month, 'hall_self_service_payment_share', outlet_id,
        self_service_payment_cnt, payment_cnt, as_of_on
    from transactions
    where payment_cnt > 0
    union all
    select stat_month, 'hall_echannel_promotions', referrer_outlet_id, 1, null, registered_on
    from {{ ref("stg_echannel__user_month") }}
    where
        {{ in_months("stat_month") }}
        and referrer_outlet_id is not null
        and cast({{ dbt.date_trunc("month", "registered_on") }} as date) = stat_month
    union all
    select
        stat_month, 'hall_inspection_score', outlet_id, score, max_score,
        cast(inspected_at as date)
    from {{ ref("stg_survey__inspection_item") }}
    where {{ in_months("stat_month") }} and inspector = 'third_party'
    union all
    -- three points are the most that an answer can give
    select stat_month, 'hall_sms_rating', outlet_id, score, 3, cast(answered_at as date)
    from {{ ref("stg_survey__sms_rating") }}
    where {{ in_months("stat_month") }} and outlet_id is not null and score is not null
    union all
    select
        hall_months.stat_month, 'hall_complaint_rate', hall_months.outlet_id,
        hall_months.complaint_cnt, transactions.counter_cnt, hall_months.as_of_on
    from hall_months
    inner join transactions
        on
            hall_months.stat_month = transactions.stat_month
            and hall_months.outlet_id = transactions.outlet_id
    union all
    select stat_month, 'hall_handset_sales', outlet_id, handset_sales_cnt, null, as_of_on
    from hall_months
    union all
    select
        stat_month, 'hall_bound_handset_share', outlet_id, bound_handset_cnt, handset_sales_cnt,
        as_of_on
    from hall_months
),

dealer_parts as (
    select
        stat_month,
        'dealer_new_numbers' as kpi_code,
        dealer_id,
        1 as numerator,
        cast(null as numeric(20, 4)) as denominator,
        as_of_on
    from openings
    where dealer_id is not null
    union all
    select
        stat_month, 'dealer_cross_area_share', dealer_id,
        case when first_use_area_id <> selling_area_id then 1 else 0 end, 1,
        cast(activated_at as date)
    from {{ ref("stg_recharge__card_activation") }}
    where {{ in_months("stat_month") }} and dealer_id is not null
    union all
    select
        checked.stat_month, 'dealer_compliance_rate', outlet.dealer_id,
        case when checked.result = 'passed' then 1 else 0 end, 1,
        cast(checked.checked_at as date)
    from {{ ref("stg_channel__outlet_check") }} as checked
    inner join {{ ref("stg_channel__outlet") }} as outlet
        on checked.stat_month = outlet.stat_month and checked.outlet_id = outlet.outlet_id
    where {{ in_months("checked.stat_month") }} and outlet.dealer_id is not null
    union all
    select
        dealers.stat_month, 'dealer_signing_rate', dealers.dealer_id,
        case when signed.dealer_id is not null then 1 else 0 end, 1,
        cast({{ dbt.last_day("dealers.stat_month", "month") }} as date)
    from dealers
    left join signed
        on dealers.stat_month = signed.stat_month and dealers.dealer_id = signed.dealer_id
    where dealers.status = 'active' and dealers.cooperation = 'exclusive'
),

parts as (
    -- own halls only: a shop's inspection is no KPI of a hall
    select
        hall_parts.stat_month,
        hall_parts.kpi_code,
        'outlet' as scope_type,
        hall_parts.outlet_id as scope_id,
        halls.area_id,
        hall_parts.numerator,
        hall_parts.denominator,
        hall_parts.as_of_on
    from hall_parts
    inner join halls
        on hall_parts.stat_month = halls.stat_month and hall_parts.outlet_id = halls.outlet_id
    union all
    select
        dealer_parts.stat_month,
        dealer_parts.kpi_code,
        'dealer' as scope_type,
        dealer_parts.dealer_id as scope_id,
        coalesce(dealers.area_id, '-') as area_id,
        dealer_parts.numerator,
        dealer_parts.denominator,
        dealer_parts.as_of_on
    from dealer_parts
    left join dealers
        on
            dealer_parts.stat_month = dealers.stat_month
            and dealer_parts.dealer_id = dealers.dealer_id
),

final as (
    select
        stat_month,
        kpi_code,
        scope_type,
        scope_id,
        area_id,
        cast(sum(numerator) as numeric(20, 4)) as numerator,
        cast(sum(denominator) as numeric(20, 4)) as denominator,
        max(as_of_on) as as_of_on
    from parts
    group by stat_month, kpi_code, scope_type, scope_id, area_id
)

select * from final
