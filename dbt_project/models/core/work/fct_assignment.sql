-- grain: one row per customer, dealer or outlet and time during which one manager looks after it
--
-- By month: valid_from is the first month on whose last day the manager has it, valid_to the first
-- on whose last day another one has it, or nobody.
with changes as (
    select * from {{ ref("fct_assignment_change") }}
),

followed as (
    select
        assigned_type,
        assigned_id,
        staff_id,
        area_id,
        stat_month as valid_from,
        lead(stat_month) over (
            partition by assigned_type, assigned_id
            order by stat_month
        ) as valid_to
    from changes
),

final as (
    select
        assigned_type,
        assigned_id,
        staff_id,
        area_id,
        valid_from,
        valid_to,
        valid_to is null as is_current
    from followed
    where staff_id is not null
)

select * from final
