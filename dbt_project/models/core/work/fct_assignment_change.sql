-- grain: one row per business month and customer, dealer or outlet whose manager is not that of the
-- month before
--
-- Who looks after whom is in the monthly lists; this keeps the months in which it changed, so that
-- the history of validities (fct_assignment) costs two months of the lists, not all.
{%- set lists = [
    ("subscriber", "stg_crm__subscriber", "subscriber_id", "account_manager_id"),
    ("group", "stg_crm__group_customer", "group_id", "account_manager_id"),
    ("dealer", "stg_channel__dealer", "dealer_id", "channel_manager_id"),
    ("outlet", "stg_channel__outlet", "outlet_id", "channel_manager_id"),
] %}
with assigned as (
    {%- for kind, list, id, manager in lists %}
    select
        stat_month,
        '{{ kind }}' as assigned_type,
        {{ id }} as assigned_id,
        {{ manager }} as staff_id,
        area_id
    from {{ ref(list) }}
    where {{ in_months("stat_month") }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

before as (
    {%- for kind, list, id, manager in lists %}
    select
        {{ add_months("stat_month", 1) }} as stat_month,
        '{{ kind }}' as assigned_type,
        {{ id }} as assigned_id,
        {{ manager }} as staff_id
    from {{ ref(list) }}
    where {{ in_months("stat_month", -1) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        assigned.stat_month,
        assigned.assigned_type,
        assigned.assigned_id,
        assigned.staff_id,
        before.staff_id as previous_staff_id,
        assigned.area_id
    from assigned
    left join before
        on
            assigned.stat_month = before.stat_month
            and assigned.assigned_type = before.assigned_type
            and assigned.assigned_id = before.assigned_id
    where assigned.staff_id is distinct from before.staff_id
)

select * from final
