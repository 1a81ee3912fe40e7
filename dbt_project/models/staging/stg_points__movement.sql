-- grain: one row per movement of points
select
    cast(_period as date) as stat_month,
    movement_id,
    subscriber_id,
    moved_at,
    movement_type,
    points_cnt,
    balance_cnt,
    reason_code,
    value_amt,
    redeem_channel,
    _load_id as load_id
from {{ source('raw', 'points__movement') }}
