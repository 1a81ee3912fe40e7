-- grain: one row per group customer, factor and rating
select
    cast(_period as date) as stat_month,
    rating_id,
    group_id,
    rated_by,
    rated_on,
    factor,
    score,
    evidence,
    override_importance,
    override_reason,
    _load_id as load_id
from {{ source('raw', 'crm__group_rating') }}
