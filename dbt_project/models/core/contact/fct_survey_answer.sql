-- grain: one row per answer to an item of a survey
with answers as (
    select * from {{ ref("stg_survey__answer") }}
),

items as (
    select * from {{ ref("survey_item") }}
),

dealers as (
    select * from {{ ref("stg_channel__dealer") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        answers.stat_month,
        answers.answer_id,
        answers.survey_id,
        answers.respondent_type,
        answers.group_id,
        answers.dealer_id,
        answers.subscriber_id,
        coalesce(customer.area_id, dealers.area_id, subscribers.area_id) as area_id,
        answers.account_manager_id,
        answers.item,
        items.item_group,
        answers.expectation_score,
        answers.perception_score,
        -- below zero: the customer found less than expected
        answers.perception_score - answers.expectation_score as gap_score,
        answers.answered_on
    from answers
    left join items
        on answers.item = items.survey_item
    {{ group_join("answers") }}
    left join dealers
        on answers.stat_month = dealers.stat_month and answers.dealer_id = dealers.dealer_id
    left join subscribers
        on
            answers.stat_month = subscribers.stat_month
            and answers.subscriber_id = subscribers.subscriber_id
)

select * from final
