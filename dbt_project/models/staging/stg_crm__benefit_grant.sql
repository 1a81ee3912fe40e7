-- grain: one row per grant
select
    cast(_period as date) as stat_month,
    grant_id,
    beneficiary_type,
    group_id,
    key_person_id,
    liaison_id,
    subscriber_id,
    benefit_kind,
    granted_on,
    granted_amt,
    requested_by,
    approved_by,
    approved_at,
    authority_limit_amt,
    _load_id as load_id
from {{ source('raw', 'crm__benefit_grant') }}
