-- grain: one row per business month, organisation unit, and unit it counts under today
--
-- As-is: what happened in a month under a unit, seen in today's organisation. Weights of a month
-- and unit add up to 1, so sums do not change; a unit that was split counts under each successor in
-- part. Rows that have a customer need no share: the customer's own area of today is known
-- (macros/as_is.sql). A unit is in every month since the first, so that a late row of one that no
-- longer exists finds its successor, too.
with recursive units as (
    select
        org_unit_id,
        max(stat_month) as last_month
    from {{ ref("dim_org_unit") }}
    group by org_unit_id
),

months as (
    select distinct stat_month
    from {{ ref("dim_org_unit") }}
),

today as (
    select max(stat_month) as stat_month
    from months
),

-- what is planned for a later month has not happened yet
successions as (
    select succession.*
    from {{ ref("int_org_unit__succession") }} as succession
    inner join today
        on succession.effective_month <= today.stat_month
),

-- From each month forward in time, one reorganisation a step. A step begins in a later month than
-- the one before, so this ends, and a unit may be its own successor (it kept a part).
steps as (
    select
        months.stat_month,
        units.org_unit_id,
        units.org_unit_id as unit_id,
        case
            when months.stat_month < units.last_month then months.stat_month
            else units.last_month
        end as as_of_month,
        cast(1 as numeric(20, 12)) as weight
    from months
    cross join units
    union all
    select
        steps.stat_month,
        steps.org_unit_id,
        successions.to_unit_id as unit_id,
        successions.effective_month as as_of_month,
        cast(steps.weight * successions.share as numeric(20, 12)) as weight
    from steps
    inner join successions
        on
            steps.unit_id = successions.from_unit_id
            and successions.holds_from_month <= steps.as_of_month
            and steps.as_of_month < successions.effective_month
),

-- the last step, after which nothing was reorganised
arrived as (
    select steps.*
    from steps
    left join successions
        on
            steps.unit_id = successions.from_unit_id
            and successions.holds_from_month <= steps.as_of_month
            and steps.as_of_month < successions.effective_month
    where successions.from_unit_id is null
),

summed as (
    select
        stat_month,
        org_unit_id,
        unit_id as org_unit_id_current,
        sum(weight) as weight
    from arrived
    group by stat_month, org_unit_id, unit_id
),

final as (
    select
        summed.stat_month,
        summed.org_unit_id,
        summed.org_unit_id_current,
        cast(summed.weight as numeric(20, 12)) as weight,
        units.last_month = today.stat_month as is_open
    from summed
    cross join today
    left join units
        on summed.org_unit_id_current = units.org_unit_id
    where summed.weight > 0
)

select * from final
