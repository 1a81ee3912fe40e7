-- grain: one row per business month, own hall and metric
--
-- The long form of fct_hall_month, for scoring: what is counted, by what it is divided, and the
-- quotient. Numerators and denominators add up over halls, quotients do not.
{%- set metrics = {
    "new_numbers_per_head": ("new_number_cnt", "on_duty_staff_cnt"),
    "campaign_orders_per_head": ("campaign_order_cnt", "on_duty_staff_cnt"),
    "routine_transactions_per_head": ("routine_cnt", "on_duty_staff_cnt"),
    "echannel_promotions_per_head": ("echannel_won_cnt", "on_duty_staff_cnt"),
    "handset_sales_per_head": ("handset_sales_cnt", "on_duty_staff_cnt"),
    "self_service_payment_share": ("self_service_payment_cnt", "payment_cnt"),
    "diversion_rate": ("diverted_cnt", "divertible_cnt"),
    "mystery_shop_score": ("inspection_score", "inspection_max_score"),
    "sms_rating_score": ("rating_score", "rating_answered_cnt"),
    "sms_rating_response_rate": ("rating_answered_cnt", "rating_asked_cnt"),
    "complaint_rate": ("complaint_cnt", "visitor_cnt"),
    "queue_wait_per_ticket": ("queue_wait_min", "queue_ticket_cnt"),
    "device_utilisation": ("device_busy_min", "device_up_min"),
    "device_downtime": ("device_down_min", "device_planned_min"),
    "bound_contract_share": ("bound_handset_cnt", "handset_sales_cnt"),
    "staffing_to_standard": ("roster_staff_cnt", "standard_staff_cnt"),
    "cost_per_transaction": ("cost_amt", "transaction_cnt"),
} %}
with halls as (
    select * from {{ ref("fct_hall_month") }}
),

parts as (
    {%- for code, (numerator, denominator) in metrics.items() %}
    select
        stat_month,
        outlet_id,
        channel_type,
        hall_grade,
        area_id,
        channel_manager_id,
        '{{ code }}' as metric_code,
        cast({{ numerator }} as numeric(18, 2)) as numerator,
        cast({{ denominator }} as numeric(18, 2)) as denominator
    from halls
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        *,
        -- engines choose different scales for a quotient
        cast(numerator / nullif(denominator, 0) as numeric(18, 6)) as metric_value
    from parts
)

select * from final
