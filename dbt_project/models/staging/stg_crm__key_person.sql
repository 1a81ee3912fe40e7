-- grain: one row per key person and month
select
    cast(_period as date) as stat_month,
    key_person_id,
    group_id,
    person_type,
    person_name,
    job_title,
    mobile_no,
    subscriber_id,
    birth_year,
    birthday,
    interests,
    social_ties,
    is_current,
    valid_from_on,
    valid_to_on,
    recorded_on,
    _load_id as load_id
from {{ source('raw', 'crm__key_person') }}
