-- grain: one row per business month and key person who took over and whom nobody followed up yet
--
-- Changes of the months that the rule watches; a follow-up is a work step of that kind with the new
-- person, on the day of the change or later, until the end of the month.
{%- set reach = 11 %}
with events as (
    select * from {{ ref("fct_key_person_event") }}
    where {{ in_reach("stat_month", reach) }}
),

windows as (
    select
        months.stat_month,
        months.month_end_on,
        {{ add_months("months.stat_month", "1 - cast(rule.value as integer)") }} as watched_from
    from {{ ref("dim_month") }} as months
    inner join {{ ref("customer_value_rule") }} as rule
        on
            {{ holds_in("rule", "months.stat_month") }}
            and rule.parameter = 'key_person_watch_months'
    where {{ in_months("months.stat_month") }}
),

-- the months of the customer file: nobody is unfollowed in a month that is still to come
customers as (
    select stat_month, group_id, area_id, account_manager_id
    from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }} and is_active
),

changes as (
    select
        customers.stat_month,
        changed.key_person_id,
        customers.group_id,
        customers.area_id,
        customers.account_manager_id,
        windows.month_end_on,
        max(changed.event_on) as changed_on
    from customers
    inner join windows
        on customers.stat_month = windows.stat_month
    inner join events as changed
        on
            customers.group_id = changed.group_id
            and changed.stat_month between windows.watched_from and customers.stat_month
    where changed.event_kind = 'appointed' and changed.replaces_person_id is not null
    group by
        customers.stat_month,
        changed.key_person_id,
        customers.group_id,
        customers.area_id,
        customers.account_manager_id,
        windows.month_end_on
),

final as (
    select
        changes.stat_month,
        changes.key_person_id,
        changes.group_id,
        changes.area_id,
        changes.account_manager_id,
        changes.changed_on,
        {{ elapsed_days("changes.changed_on", "changes.month_end_on") }} as days_since_change
    from changes
    where not exists (
        select 1
        from events as followed
        where
            followed.key_person_id = changes.key_person_id
            and followed.work_step = 'follow_up'
            and followed.event_on between changes.changed_on and changes.month_end_on
    )
)

select * from final
