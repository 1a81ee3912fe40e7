-- grain: one row per pair of parties, kind of relation and month
select
    cast(_period as date) as stat_month,
    party_id,
    related_party_id,
    relation_type,
    subscriber_id,
    group_id,
    bill_share,
    valid_from_on,
    valid_to_on,
    _load_id as load_id
from {{ source('raw', 'crm__party_relation') }}
