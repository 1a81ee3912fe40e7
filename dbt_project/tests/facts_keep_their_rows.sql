{#-
    Joins neither lose rows of a feed nor multiply them: month by month a fact has as many rows as
    what it is made of, references that lead nowhere included.
-#}
{%- set pairs = [
    ("fct_agreement_snapshot", "stg_channel__agreement"),
    ("fct_contest_month", "stg_channel__contest_result"),
    ("fct_dealer_message", "stg_channel__dealer_message"),
    ("fct_fund_movement", "stg_channel__fund_movement"),
    ("fct_outlet_check", "stg_channel__outlet_check"),
    ("fct_channel_transaction", "stg_channel__transaction"),
    ("fct_air_recharge", "stg_recharge__air_recharge"),
    ("fct_card_sale", "stg_recharge__card_activation"),
    ("fct_card_batch_month", "stg_recharge__card_batch"),
    ("fct_commission", "stg_boss__commission"),
    ("fct_number_allocation", "stg_boss__number_allocation"),
    ("fct_echannel_activity", "stg_echannel__activity"),
    ("fct_device_day", "stg_echannel__device_status"),
    ("fct_echannel_user_month", "stg_echannel__user_month"),
    ("fct_inspection_item", "stg_survey__inspection_item"),
    ("fct_sms_rating", "stg_survey__sms_rating"),
    ("dim_dealer", "stg_channel__dealer"),
    ("fct_work_order", "stg_eoms__work_order"),
    ("fct_node_instance", "stg_eoms__node_instance"),
    ("fct_complaint", "stg_eoms__complaint"),
    ("fct_walkthrough_finding", "stg_eoms__walkthrough_finding"),
    ("fct_partner_order", "stg_si__partner_order"),
    ("fct_sales_order", "stg_crm__sales_order"),
    ("fct_visit", "stg_crm__visit"),
    ("fct_opportunity", "stg_crm__opportunity"),
    ("fct_opportunity_step", "stg_crm__opportunity_step"),
    ("fct_product_trial", "stg_crm__product_trial"),
    ("fct_alliance_project", "stg_crm__alliance_project"),
    ("fct_training", "stg_training__attendance"),
    ("fct_exam", "stg_training__exam"),
    ("fct_certificate", "stg_training__certificate"),
    ("fct_capability_score", "stg_hr__capability_score"),
    ("fct_manager_rating", "stg_hr__manager_rating"),
    ("fct_initiative_month", "stg_pmo__initiative"),
    ("fct_campaign_target", "stg_campaign__target"),
    ("fct_campaign_contact", "stg_campaign__contact"),
    ("fct_outbound_call", "stg_echannel__outbound_call"),
    ("fct_survey_answer", "stg_survey__answer"),
    ("fct_warning_feedback", "stg_crm__warning_feedback"),
    ("fct_customer_list", "stg_crm__customer_list"),
] -%}
with counted as (
    {%- for fact, feed in pairs %}
    select
        '{{ fact }}' as fact,
        stat_month,
        1 as fact_rows,
        0 as feed_rows
    from {{ ref(fact) }}
    where {{ in_months("stat_month") }}
    union all
    select
        '{{ fact }}' as fact,
        stat_month,
        0 as fact_rows,
        1 as feed_rows
    from {{ ref(feed) }}
    where {{ in_months("stat_month") }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    fact,
    stat_month,
    sum(fact_rows) as fact_rows,
    sum(feed_rows) as feed_rows
from counted
group by fact, stat_month
having sum(fact_rows) <> sum(feed_rows)
