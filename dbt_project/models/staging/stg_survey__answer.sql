-- grain: one row per answer to an item
select
    cast(_period as date) as stat_month,
    answer_id,
    survey_id,
    respondent_type,
    group_id,
    dealer_id,
    subscriber_id,
    account_manager_id,
    item,
    expectation_score,
    perception_score,
    answered_on,
    _load_id as load_id
from {{ source('raw', 'survey__answer') }}
