-- grain: one row per member of staff, unit they work for, in what capacity, and time they did so
--
-- Months in a row are one row. Somebody who is in a team beside their post has several rows at a
-- time. This says where people work; who may see what is access.person_area (decision 0051).
with scopes as (
    select
        stat_month,
        staff_id,
        'post' as scope_kind,
        post as scope_code,
        org_unit_id
    from {{ ref("dim_staff") }}
    where is_active
    union all
    select
        member.stat_month,
        member.staff_id,
        'team' as scope_kind,
        member.team_id as scope_code,
        team.org_unit_id
    from {{ ref("bridge_team_member") }} as member
    inner join {{ ref("dim_virtual_team") }} as team
        on member.stat_month = team.stat_month and member.team_id = team.team_id
),

-- months in a row have the same difference between their number and their place in the order
numbered as (
    select
        scopes.*,
        extract(year from stat_month) * 12 + extract(month from stat_month)
        - row_number() over (
            partition by staff_id, scope_kind, scope_code, org_unit_id
            order by stat_month
        ) as island_no
    from scopes
),

islands as (
    select
        staff_id,
        scope_kind,
        scope_code,
        org_unit_id,
        min(stat_month) as valid_from,
        max(stat_month) as last_month
    from numbered
    group by staff_id, scope_kind, scope_code, org_unit_id, island_no
),

latest as (
    select
        scope_kind,
        max(last_month) as last_month
    from islands
    group by scope_kind
),

final as (
    select
        islands.staff_id,
        islands.scope_kind,
        islands.scope_code,
        islands.org_unit_id,
        islands.valid_from,
        case
            when islands.last_month < latest.last_month
                then {{ add_months("islands.last_month", 1) }}
        end as valid_to,
        islands.last_month = latest.last_month as is_current
    from islands
    inner join latest
        on islands.scope_kind = latest.scope_kind
)

select * from final
