-- grain: one row per business month and virtual team
--
-- The extract repeats a team's name, kind and unit on each of its members. Members who disagree
-- make two rows of a team, and the test of the key fails, which is the failure we want.
with members as (
    select * from {{ ref("stg_hr__team_member") }}
    where {{ in_months("stat_month") }}
),

final as (
    select
        stat_month,
        team_id,
        team_name,
        team_kind,
        org_unit_id,
        cast(count(*) as integer) as members_cnt,
        cast(sum(case when is_leader then 1 else 0 end) as integer) as leaders_cnt,
        sum(time_share) as time_share_sum,
        sum(available_hours) as available_hours_sum,
        sum(used_hours) as used_hours_sum
    from members
    group by stat_month, team_id, team_name, team_kind, org_unit_id
)

select * from final
