-- grain: one row per campaign and subscriber on its list, with what came of it so far
--
-- The basis of a comparison with the control group: those held back are here too, with no contact.
with entries as (
    select
        target.*,
        row_number() over (
            partition by target.campaign_id, target.subscriber_id
            order by target.stat_month desc
        ) as nth
    from {{ ref("fct_campaign_target") }} as target
),

outcomes as (
    select
        campaign_id,
        subscriber_id,
        min(case when is_dispatch then happened_at end) as dispatched_at,
        min(case when is_attempt then happened_at end) as first_contacted_at,
        min(case when is_reached then happened_at end) as first_reached_at,
        min(case when is_response then happened_at end) as first_responded_at,
        max(case when is_accepted then 1 else 0 end) = 1 as is_accepted,
        cast(sum(case when is_attempt then 1 else 0 end) as integer) as attempt_cnt,
        sum(order_amt) as order_amt,
        sum(cost_amt) as cost_amt
    from {{ ref("fct_campaign_contact") }}
    group by campaign_id, subscriber_id
),

final as (
    select
        entries.campaign_id,
        entries.subscriber_id,
        entries.stat_month as listed_month,
        entries.list_version,
        entries.is_control,
        entries.segment_code,
        entries.matched_product_id,
        entries.matched_channel,
        entries.area_id,
        entries.staff_id,
        outcomes.dispatched_at,
        outcomes.first_contacted_at,
        outcomes.first_reached_at,
        outcomes.first_responded_at,
        coalesce(outcomes.is_accepted, false) as is_accepted,
        entries.is_control and outcomes.first_contacted_at is not null as is_control_contacted,
        coalesce(outcomes.attempt_cnt, 0) as attempt_cnt,
        coalesce(outcomes.order_amt, 0) as order_amt,
        coalesce(outcomes.cost_amt, 0) as cost_amt
    from entries
    left join outcomes
        on
            entries.campaign_id = outcomes.campaign_id
            and entries.subscriber_id = outcomes.subscriber_id
    where entries.nth = 1
)

select * from final
