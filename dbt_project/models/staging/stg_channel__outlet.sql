-- grain: one row per outlet and month
select
    cast(_period as date) as stat_month,
    outlet_id,
    outlet_name,
    outlet_type,
    dealer_id,
    parent_outlet_id,
    area_id,
    channel_manager_id,
    hall_grade,
    has_regional_centre,
    village_name,
    address,
    contact_number,
    space_sqm,
    counter_cnt,
    standard_staff_cnt,
    opened_on,
    closed_on,
    updated_on,
    _load_id as load_id
from {{ source('raw', 'channel__outlet') }}
