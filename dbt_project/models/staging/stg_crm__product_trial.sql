-- grain: one row per trial and month in which it ran
select
    cast(_period as date) as stat_month,
    trial_id,
    group_id,
    product_id,
    staff_id,
    opportunity_id,
    started_on,
    planned_end_on,
    ended_on,
    users_cnt,
    result,
    order_id,
    _load_id as load_id
from {{ source('raw', 'crm__product_trial') }}
