-- grain: one row per dealer, as of the latest month that has it
with states as (
    {{ latest_of(ref("dim_dealer"), "dealer_id") }}
),

final as (
    select
        dealer_id,
        stat_month as as_of_month,
        dealer_name,
        area_id as area_id_current,
        channel_manager_id as channel_manager_id_current,
        core_list as core_list_current,
        cooperation as cooperation_current,
        status as status_current,
        exclusive_ends_on as exclusive_ends_on_current
    from states
    where nth = 1
)

select * from final
