-- grain: one row per business month and complaint that was open in it, as at the end of the month
with complaints as (
    select * from {{ ref("stg_eoms__complaint") }}
),

units as (
    select * from {{ ref("dim_org_unit") }}
),

timed as (
    select
        complaints.*,
        {{
            elapsed_min(
                "complaints.received_at",
                "coalesce(complaints.answered_at, cast("
                ~ add_months("complaints.stat_month", 1)
                ~ " as timestamp))",
            )
        }} as answer_or_open_min
    from complaints
),

final as (
    select
        timed.stat_month,
        timed.complaint_id,
        timed.complainant_type,
        timed.group_id,
        timed.subscriber_id,
        timed.dealer_id,
        timed.complaint_kind,
        timed.received_channel,
        timed.against_staff_id,
        timed.against_outlet_id,
        timed.product_id,
        timed.org_unit_id,
        units.city_id,
        units.county_id,
        timed.received_at,
        timed.triaged_at,
        timed.answered_at,
        timed.archived_at,
        timed.limit_hours,
        timed.is_satisfied,
        timed.reopened_cnt,
        timed.state,
        {{ in_its_month("timed.received_at", "timed.stat_month") }} as is_received_in_month,
        {{ in_its_month("timed.answered_at", "timed.stat_month") }} as is_answered_in_month,
        {{ in_its_month("timed.archived_at", "timed.stat_month") }} as is_archived_in_month,
        -- without an answer it is late once the limit has passed, and undecided before
        case
            when timed.answer_or_open_min > timed.limit_hours * 60 then false
            when timed.answered_at is not null then true
        end as is_within_limit,
        timed.answered_at is null and timed.answer_or_open_min > timed.limit_hours * 60
            as is_overdue_open,
        {{ elapsed_min("timed.received_at", "timed.triaged_at") }} as triage_min,
        {{ elapsed_min("timed.received_at", "timed.answered_at") }} as answer_min,
        {{ elapsed_min("timed.received_at", "timed.archived_at") }} as cycle_min
    from timed
    left join units
        on timed.stat_month = units.stat_month and timed.org_unit_id = units.org_unit_id
)

select * from final
