-- grain: one row per channel, as of the latest month that has it
with states as (
    {{ latest_of(ref("dim_channel"), "channel_id") }}
),

final as (
    select
        channel_id,
        stat_month as as_of_month,
        channel_name,
        channel_class,
        channel_type,
        dealer_id as dealer_id_current,
        area_id as area_id_current,
        channel_manager_id as channel_manager_id_current,
        hall_grade as hall_grade_current,
        is_open as is_open_current
    from states
    where nth = 1
)

select * from final
