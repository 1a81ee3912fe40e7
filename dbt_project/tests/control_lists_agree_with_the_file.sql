{{ config(severity="warn") }}
-- The control lists of a year and the control level in the customer file are kept by hand, each
-- by itself: they must hold the same customers (R057). Who was opened after a list was frozen, is
-- lost or closed, counts in neither; a listed customer whom the file does not know counts in the
-- list. A warning only: somebody has to correct the one or the other, no figure hangs on it.
with listed as (
    select distinct
        stat_month,
        group_id,
        replace(list_kind, '_controlled', '') as control_level
    from {{ ref("stg_crm__customer_list") }}
    where
        {{ in_months("stat_month") }}
        and list_year = extract(year from stat_month)
        and list_kind in ('province_controlled', 'city_controlled')
),

frozen as (
    select
        stat_month,
        replace(list_kind, '_controlled', '') as control_level,
        max(frozen_on) as frozen_on
    from {{ ref("stg_crm__customer_list") }}
    where {{ in_months("stat_month") }} and list_year = extract(year from stat_month)
    group by stat_month, replace(list_kind, '_controlled', '')
),

customers as (
    select
        stat_month,
        group_id,
        control_level,
        opened_on,
        status in ('lost', 'closed') as is_gone
    from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month") }}
),

both_sides as (
    select
        listed.stat_month,
        listed.control_level,
        1 as listed_cnt,
        0 as on_file_cnt,
        case when customers.control_level = listed.control_level then 0 else 1 end as other_cnt
    from listed
    left join customers
        on listed.stat_month = customers.stat_month and listed.group_id = customers.group_id
    where not coalesce(customers.is_gone, false)
    union all
    select
        customers.stat_month,
        customers.control_level,
        0 as listed_cnt,
        1 as on_file_cnt,
        0 as other_cnt
    from customers
    inner join frozen
        on
            customers.stat_month = frozen.stat_month
            and customers.control_level = frozen.control_level
    where customers.opened_on < frozen.frozen_on and not customers.is_gone
)

select
    stat_month,
    control_level,
    sum(listed_cnt) as listed_cnt,
    sum(on_file_cnt) as on_file_cnt,
    sum(other_cnt) as other_level_on_file_cnt
from both_sides
group by stat_month, control_level
having sum(listed_cnt) <> sum(on_file_cnt) or sum(other_cnt) > 0
