-- grain: one row per liaison person and month
select
    cast(_period as date) as stat_month,
    liaison_id,
    group_id,
    person_name,
    mobile_no,
    subscriber_id,
    appointed_on,
    ended_on,
    lead_cnt,
    converted_lead_cnt,
    trial_cnt,
    reward_amt,
    _load_id as load_id
from {{ source('raw', 'crm__liaison') }}
