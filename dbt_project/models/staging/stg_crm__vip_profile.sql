-- grain: one row per subscriber with a profile and month
select
    cast(_period as date) as stat_month,
    subscriber_id,
    birthday,
    occupation,
    industry_code,
    interests,
    _load_id as load_id
from {{ source('raw', 'crm__vip_profile') }}
