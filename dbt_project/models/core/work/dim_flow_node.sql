-- grain: one row per node of the catalogue of flows
with final as (
    select
        node_id,
        flow_code,
        flow_name,
        flow_name_en,
        flow_class,
        process_area,
        etom_process,
        node_no,
        node_name,
        node_name_en,
        department,
        role,
        system_code,
        function_cnt,
        standard_hours,
        is_optional
    from {{ ref("stg_eoms__flow_node") }}
)

select * from final
