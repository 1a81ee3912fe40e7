-- grain: one row per batch of numbers and dealer
with allocations as (
    select * from {{ ref("stg_boss__number_allocation") }}
),

dealers as (
    select * from {{ ref("stg_channel__dealer") }}
),

final as (
    select
        allocations.stat_month,
        allocations.batch_id,
        allocations.dealer_id,
        dealers.area_id,
        dealers.channel_manager_id,
        allocations.allocated_on,
        allocations.allocation_mode,
        allocations.requested_cnt,
        allocations.number_cnt,
        allocations.premium_number_cnt,
        cast(
            sum(allocations.number_cnt) over (
                partition by allocations.stat_month, allocations.batch_id
            ) as integer
        ) as batch_number_cnt,
        cast(
            sum(allocations.premium_number_cnt) over (
                partition by allocations.stat_month, allocations.batch_id
            ) as integer
        ) as batch_premium_number_cnt
    from allocations
    left join dealers
        on
            allocations.stat_month = dealers.stat_month
            and allocations.dealer_id = dealers.dealer_id
)

select * from final
