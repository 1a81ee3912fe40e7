-- grain: one row per porting of a number, in or out
with ports as (
    select * from {{ ref("stg_competitor__ported_number") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        ports.stat_month,
        ports.port_id,
        ports.direction,
        ports.subscriber_id,
        coalesce(ports.group_id, '-') as group_id,
        ports.other_operator as competitor,
        coalesce(ports.area_id, subscribers.area_id, '-') as area_id,
        coalesce(subscribers.account_manager_id, '-') as account_manager_id,
        ports.requested_at,
        ports.ported_at,
        cast(ports.ported_at as date) as ported_on,
        case when ports.direction = 'in' then 1 else 0 end as ported_in_cnt,
        case when ports.direction = 'out' then 1 else 0 end as ported_out_cnt
    from ports
    left join subscribers
        on
            ports.stat_month = subscribers.stat_month
            and ports.subscriber_id = subscribers.subscriber_id
)

select * from final
