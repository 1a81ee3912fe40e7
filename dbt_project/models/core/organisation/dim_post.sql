-- grain: one row per post
with final as (
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
        effective_from
    from {{ ref("stg_hr__post") }}
)

select * from final
