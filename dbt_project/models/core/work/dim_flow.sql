-- grain: one row per flow of the catalogue
with nodes as (
    select * from {{ ref("dim_flow_node") }}
),

final as (
    select
        flow_code,
        max(flow_name) as flow_name,
        max(flow_name_en) as flow_name_en,
        max(flow_class) as flow_class,
        max(process_area) as process_area,
        max(etom_process) as etom_process,
        cast(count(*) as integer) as node_cnt,
        cast(sum(function_cnt) as integer) as function_cnt,
        sum(case when is_optional then 0 else standard_hours end) as standard_hours,
        cast(count(distinct department) as integer) as department_cnt
    from nodes
    group by flow_code
)

select * from final
