-- grain: one row per business month and own hall that was open in it, or is in the halls' report
with channels as (
    select * from {{ ref("dim_channel") }}
    where {{ in_months("stat_month") }}
),

reports as (
    select * from {{ ref("stg_channel__hall_month") }}
    where {{ in_months("stat_month") }}
),

halls as (
    select
        stat_month,
        channel_id as outlet_id
    from channels
    where is_own_hall and (closed_on is null or closed_on >= stat_month)
    union
    select
        stat_month,
        outlet_id
    from reports
),

transactions as (
    select
        stat_month,
        outlet_id,
        sum(transaction_cnt) as transaction_cnt,
        sum(case when is_campaign then transaction_cnt else 0 end) as campaign_order_cnt,
        sum(case when is_routine then transaction_cnt else 0 end) as routine_cnt,
        sum(case when is_payment then transaction_cnt else 0 end) as payment_cnt,
        sum(case when is_payment and handling = 'self_service' then transaction_cnt else 0 end)
            as self_service_payment_cnt,
        sum(case when is_divertible then transaction_cnt else 0 end) as divertible_cnt,
        sum(case when is_divertible and handling = 'self_service' then transaction_cnt else 0 end)
            as diverted_cnt,
        sum(transaction_amt) as transaction_amt,
        sum(case when handling = 'counter' then handling_min else 0 end) as counter_min
    from {{ ref("fct_channel_transaction") }}
    where {{ in_months("stat_month") }}
    group by stat_month, outlet_id
),

openings as (
    select
        stat_month,
        outlet_id,
        count(*) as new_number_cnt
    from {{ ref("stg_boss__opening") }}
    where {{ in_months("stat_month") }} and outlet_id is not null
    group by stat_month, outlet_id
),

promotions as (
    select
        stat_month,
        referrer_outlet_id as outlet_id,
        count(*) as echannel_won_cnt
    from {{ ref("fct_echannel_user_month") }}
    where {{ in_months("stat_month") }} and is_registered_in_month
    group by stat_month, referrer_outlet_id
),

ratings as (
    select
        stat_month,
        outlet_id,
        count(*) as rating_asked_cnt,
        sum(case when is_answered then 1 else 0 end) as rating_answered_cnt,
        sum(case when is_satisfied then 1 else 0 end) as rating_satisfied_cnt,
        sum(score) as rating_score
    from {{ ref("fct_sms_rating") }}
    where {{ in_months("stat_month") }}
    group by stat_month, outlet_id
),

inspections as (
    select
        stat_month,
        outlet_id,
        sum(score) as inspection_score,
        sum(max_score) as inspection_max_score
    from {{ ref("fct_inspection_item") }}
    where {{ in_months("stat_month") }} and inspector = 'third_party'
    group by stat_month, outlet_id
),

devices as (
    select
        stat_month,
        outlet_id,
        sum(planned_min) as device_planned_min,
        sum(up_min) as device_up_min,
        sum(down_min) as device_down_min,
        sum(busy_min) as device_busy_min
    from {{ ref("fct_device_day") }}
    where {{ in_months("stat_month") }}
    group by stat_month, outlet_id
),

final as (
    select
        halls.stat_month,
        halls.outlet_id,
        channels.channel_type,
        channels.hall_grade,
        channels.area_id,
        channels.channel_manager_id,
        reports.outlet_id is not null as has_report,
        {#- the number of heads is unknown without a report, and 0 would be another statement #}
        reports.roster_staff_cnt,
        reports.on_duty_staff_cnt,
        coalesce(reports.standard_staff_cnt, channels.standard_staff_cnt) as standard_staff_cnt,
        {%- for part in [
            "open_days", "visitor_cnt", "queue_ticket_cnt", "queue_wait_min", "device_cnt",
            "handset_sales_cnt", "bound_handset_cnt", "handset_sales_amt", "complaint_cnt",
            "staff_cost_amt", "rent_amt", "other_cost_amt",
        ] %}
        coalesce(reports.{{ part }}, 0) as {{ part }},
        {%- endfor %}
        coalesce(reports.staff_cost_amt + reports.rent_amt + reports.other_cost_amt, 0)
            as cost_amt,
        {%- set counted = [
            ("openings", ["new_number_cnt"]),
            ("transactions", [
                "transaction_cnt", "campaign_order_cnt", "routine_cnt", "payment_cnt",
                "self_service_payment_cnt", "divertible_cnt", "diverted_cnt",
            ]),
            ("promotions", ["echannel_won_cnt"]),
            ("ratings", [
                "rating_asked_cnt", "rating_answered_cnt", "rating_satisfied_cnt", "rating_score",
            ]),
        ] %}
        {%- for source, parts in counted %}
        {%- for part in parts %}
        cast(coalesce({{ source }}.{{ part }}, 0) as integer) as {{ part }},
        {%- endfor %}
        {%- endfor %}
        coalesce(transactions.transaction_amt, 0) as transaction_amt,
        coalesce(transactions.counter_min, 0) as counter_min,
        coalesce(inspections.inspection_score, 0) as inspection_score,
        coalesce(inspections.inspection_max_score, 0) as inspection_max_score,
        coalesce(devices.device_planned_min, 0) as device_planned_min,
        coalesce(devices.device_up_min, 0) as device_up_min,
        coalesce(devices.device_down_min, 0) as device_down_min,
        coalesce(devices.device_busy_min, 0) as device_busy_min
    from halls
    left join channels
        on halls.stat_month = channels.stat_month and halls.outlet_id = channels.channel_id
    {%- for source in [
        "reports", "transactions", "openings", "promotions", "ratings", "inspections", "devices"
    ] %}
    left join {{ source }}
        on
            halls.stat_month = {{ source }}.stat_month
            and halls.outlet_id = {{ source }}.outlet_id
    {%- endfor %}
)

select * from final
