-- grain: one row per division of the national classification of industries (GB/T 4754)
with final as (
    select
        industry_code,
        industry_section,
        name_zh,
        name_en,
        section_name_zh,
        section_name_en,
        sort_no
    from {{ ref("industry") }}
)

select * from final
