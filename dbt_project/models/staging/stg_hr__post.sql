-- grain: one row per post
select
    post_id,
    post_name,
    post_name_en,
    post_line,
    post_level,
    duty,
    duty_en,
    reports_to_post_id,
    is_key_post,
    has_sales_target,
    effective_from,
    _load_id as load_id
from {{ source('raw', 'hr__post') }}
