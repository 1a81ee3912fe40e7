-- grain: one row per business month, KPI, account manager and area of the customers behind it
--
-- Parts of the KPIs of account managers. Work of nobody ('-') counts for its area all the same.
-- Something that may end early or late counts once: when it was done or when it fell due, whichever
-- came first.
with groups as (
    select * from {{ ref("stg_crm__group_customer") }}
    where {{ in_months("stat_month") }}
),

products as (
    select * from {{ ref("stg_crm__group_product") }}
    where {{ in_months("stat_month") }}
),

billed as (
    select
        item.stat_month,
        coalesce(groups.account_manager_id, '-') as staff_id,
        coalesce(groups.area_id, '-') as area_id,
        sum(item.net_amt) as group_amt,
        sum(case when products.is_ict then item.net_amt else 0 end) as ict_amt,
        sum(case when products.is_new_business then item.net_amt else 0 end) as new_business_amt,
        max(item.billed_on) as as_of_on
    from {{ ref("stg_boss__bill_item") }} as item
    left join groups
        on item.stat_month = groups.stat_month and item.group_id = groups.group_id
    left join products
        on item.stat_month = products.stat_month and item.product_id = products.product_id
    where {{ in_months("item.stat_month") }} and item.group_id is not null
    group by
        item.stat_month,
        coalesce(groups.account_manager_id, '-'),
        coalesce(groups.area_id, '-')
),

opportunities as (
    select
        opportunity.stat_month,
        opportunity.staff_id,
        coalesce(groups.area_id, '-') as area_id,
        cast(opportunity.found_at as date) as as_of_on
    from {{ ref("stg_crm__opportunity") }} as opportunity
    left join groups
        on opportunity.stat_month = groups.stat_month and opportunity.group_id = groups.group_id
    where
        {{ in_months("opportunity.stat_month") }}
        and cast({{ dbt.date_trunc("month", "opportunity.found_at") }} as date)
        = opportunity.stat_month
),

visits as (
    select
        visit.stat_month,
        visit.staff_id,
        coalesce(groups.area_id, '-') as area_id,
        case when visit.feedback_at is not null then 1 else 0 end as feedback_cnt,
        cast(visit.checked_in_at as date) as as_of_on
    from {{ ref("stg_crm__visit") }} as visit
    left join groups
        on visit.stat_month = groups.stat_month and visit.group_id = groups.group_id
    where
        {{ in_months("visit.stat_month") }}
        and visit.state = 'done'
        and cast({{ dbt.date_trunc("month", "visit.checked_in_at") }} as date) = visit.stat_month
),

complaints as (
    select
        complaint.stat_month,
        coalesce(groups.account_manager_id, '-') as staff_id,
        coalesce(groups.area_id, '-') as area_id,
        complaint.received_at,
        complaint.answered_at,
        {{ dbt.dateadd("hour", "complaint.limit_hours", "complaint.received_at") }} as due_at
    from {{ ref("stg_eoms__complaint") }} as complaint
    left join groups
        on complaint.stat_month = groups.stat_month and complaint.group_id = groups.group_id
    where {{ in_months("complaint.stat_month") }} and complaint.group_id is not null
),

answered as (
    select
        complaints.*,
        -- least skips an answer that is still missing
        least(answered_at, due_at) as counted_at
    from complaints
),

orders as (
    select
        sale.stat_month,
        sale.staff_id,
        coalesce(groups.area_id, '-') as area_id,
        case when cast(sale.opened_at as date) <= sale.promised_on then 1 else 0 end as on_time_cnt,
        least(cast(sale.opened_at as date), sale.promised_on) as counted_on
    from {{ ref("stg_crm__sales_order") }} as sale
    left join groups
        on sale.stat_month = groups.stat_month and sale.group_id = groups.group_id
    where {{ in_months("sale.stat_month") }} and sale.state <> 'cancelled'
),

answers as (
    select
        answer.stat_month,
        case
            when answer.item in ('awareness', 'credibility') then 'customer_' || answer.item
            else 'customer_satisfaction'
        end as kpi_code,
        answer.account_manager_id as staff_id,
        coalesce(groups.area_id, '-') as area_id,
        answer.perception_score,
        answer.answered_on as as_of_on
    from {{ ref("stg_survey__answer") }} as answer
    left join groups
        on answer.stat_month = groups.stat_month and answer.group_id = groups.group_id
    where
        {{ in_months("answer.stat_month") }}
        and answer.account_manager_id is not null
        and answer.item in (
            'awareness', 'credibility',
            'tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy'
        )
),

vips as (
    select
        stat_month,
        account_manager_id as staff_id,
        area_id,
        sum(billed_amt) as billed_amt,
        sum(case when has_left and is_opening then 1 else 0 end) as left_cnt,
        sum(case when is_opening then 1 else 0 end) as opening_cnt
    from {{ ref("fct_subscriber_month") }}
    where {{ in_months("stat_month") }} and vip_level <> 'none'
    group by stat_month, account_manager_id, area_id
),

parts as (
    {%- for kpi_code, amount in [
        ("group_revenue", "group_amt"),
        ("ict_revenue", "ict_amt"),
        ("new_business_revenue", "new_business_amt"),
    ] %}
    select
        stat_month,
        '{{ kpi_code }}' as kpi_code,
        staff_id,
        area_id,
        {{ amount }} as numerator,
        cast(null as numeric(20, 4)) as denominator,
        as_of_on
    from billed
    union all
    {%- endfor %}
    select stat_month, 'opportunities_found', staff_id, area_id, 1, null, as_of_on
    from opportunities
    union all
    select stat_month, 'visits_done', staff_id, area_id, 1, null, as_of_on
    from visits
    union all
    select stat_month, 'visit_feedback_rate', staff_id, area_id, feedback_cnt, 1, as_of_on
    from visits
    union all
    select
        stat_month,
        'complaint_in_limit_rate',
        staff_id,
        area_id,
        case when answered_at <= due_at then 1 else 0 end,
        1,
        cast(counted_at as date)
    from answered
    where cast({{ dbt.date_trunc("month", "counted_at") }} as date) = stat_month
    union all
    select
        stat_month, 'complaints_received', staff_id, area_id, 1, null, cast(received_at as date)
    from complaints
    where cast({{ dbt.date_trunc("month", "received_at") }} as date) = stat_month
    union all
    select stat_month, 'work_order_on_time_rate', staff_id, area_id, on_time_cnt, 1, counted_on
    from orders
    where cast({{ dbt.date_trunc("month", "counted_on") }} as date) = stat_month
    union all
    -- ten points are the most that an answer can give
    select stat_month, kpi_code, staff_id, area_id, perception_score, 10, as_of_on
    from answers
    union all
    select
        stat_month, 'vip_revenue', staff_id, area_id, billed_amt, null,
        cast({{ dbt.last_day("stat_month", "month") }} as date)
    from vips
    union all
    select
        stat_month, 'vip_churn_rate', staff_id, area_id, left_cnt, opening_cnt,
        cast({{ dbt.last_day("stat_month", "month") }} as date)
    from vips
),

final as (
    select
        stat_month,
        kpi_code,
        'staff' as scope_type,
        staff_id as scope_id,
        area_id,
        cast(sum(numerator) as numeric(20, 4)) as numerator,
        cast(sum(denominator) as numeric(20, 4)) as denominator,
        max(as_of_on) as as_of_on
    from parts
    group by stat_month, kpi_code, staff_id, area_id
)

select * from final
