-- grain: one row per business month, virtual team and member of staff
with final as (
    select
        stat_month,
        team_id,
        staff_id,
        is_leader,
        belbin_role,
        second_belbin_role,
        time_share,
        available_hours,
        used_hours,
        joined_on
    from {{ ref("stg_hr__team_member") }}
    where {{ in_months("stat_month") }}
)

select * from final
