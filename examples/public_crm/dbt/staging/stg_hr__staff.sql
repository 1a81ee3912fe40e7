-- grain: one row per business month and staff member
--
-- The files have names only, and no two people share one: the name is the number as well. A manager
-- stands in the team, as its agents do. Agents without a single opportunity are there too.
with months as (
    select * from {{ ref("stg_b2b__month") }}
),

teams as (
    select * from {{ source("raw", "b2b__sales_team") }}
),

people as (
    select sales_agent as staff_id, 'account_manager' as post, manager, _load_id as load_id
    from teams
    union all
    select manager as staff_id, 'manager' as post, manager, max(_load_id) as load_id
    from teams
    group by manager
)

select
    months.stat_month,
    people.staff_id,
    people.staff_id as staff_name,
    people.staff_id as staff_name_en,
    people.post,
    'team-' || people.manager as org_unit_id,
    cast(null as date) as hired_on,
    1 = 1 as is_active,
    people.load_id
from months
cross join people
