-- grain: one row per member line of a group and month
select
    cast(_period as date) as stat_month,
    group_id,
    member_no,
    subscriber_id,
    network,
    is_verified,
    verified_on,
    member_role,
    is_unified_payment,
    joined_on,
    left_on,
    left_reason,
    _load_id as load_id
from {{ source('raw', 'crm__group_member') }}
