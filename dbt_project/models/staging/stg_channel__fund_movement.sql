-- grain: one row per movement
select
    cast(_period as date) as stat_month,
    movement_id,
    dealer_id,
    lot_id,
    movement_type,
    moved_on,
    movement_amt,
    vests_on,
    approved_by,
    reason,
    _load_id as load_id
from {{ source('raw', 'channel__fund_movement') }}
