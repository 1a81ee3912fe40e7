-- grain: one row per event about a key person
with events as (
    select * from {{ ref("stg_crm__key_person_event") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

persons as (
    select * from {{ ref("stg_crm__key_person") }}
),

final as (
    select
        events.stat_month,
        events.event_id,
        events.key_person_id,
        events.group_id,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        coalesce(persons.person_type, '-') as person_type,
        events.event_at,
        cast(events.event_at as date) as event_on,
        events.event_kind,
        events.work_step,
        events.staff_id,
        events.result,
        events.replaces_person_id,
        -- somebody came or went: the manager has to follow it up
        events.event_kind in ('appointed', 'left') as is_change
    from events
    left join groups
        on events.stat_month = groups.stat_month and events.group_id = groups.group_id
    left join persons
        on
            events.stat_month = persons.stat_month
            and events.key_person_id = persons.key_person_id
)

select * from final
