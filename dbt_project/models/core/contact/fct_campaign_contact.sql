-- grain: one row per step of a campaign with a subscriber
--
-- Whether the subscriber is held back stands on the list, which may have come in an earlier month
-- than the step: the latest entry of this and the three months before (its reach_months) counts.
{%- set months_back = 3 %}
with steps as (
    select * from {{ ref("stg_campaign__contact") }}
    where {{ in_months("stat_month") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
    where {{ in_months("stat_month") }}
),

entries as (
    {%- for back in range(months_back + 1) %}
    select
        {{ add_months("stat_month", back) }} as stat_month,
        {{ back }} as months_ago,
        campaign_id,
        subscriber_id,
        list_version,
        is_control,
        matched_channel,
        matched_product_id
    from {{ ref("stg_campaign__target") }}
    where {{ in_months("stat_month", -back) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

listed as (
    select
        *,
        row_number() over (
            partition by stat_month, campaign_id, subscriber_id
            order by months_ago
        ) as nth
    from entries
),

final as (
    select
        steps.stat_month,
        steps.contact_id,
        steps.campaign_id,
        steps.subscriber_id,
        subscribers.area_id,
        steps.step_type,
        steps.happened_at,
        steps.channel_type,
        steps.staff_id,
        steps.result_code,
        listed.subscriber_id is not null as is_listed,
        -- whoever is on no list is held back by none
        coalesce(listed.is_control, false) as is_control,
        listed.list_version,
        coalesce(steps.channel_type = listed.matched_channel, false) as is_matched_channel,
        coalesce(steps.product_id = listed.matched_product_id, false) as is_matched_product,
        steps.step_type = 'dispatch' as is_dispatch,
        steps.step_type = 'contact' as is_attempt,
        steps.step_type = 'contact' and steps.result_code = 'reached' as is_reached,
        steps.step_type = 'response' as is_response,
        steps.is_accepted,
        steps.product_id,
        steps.order_amt,
        steps.cost_amt,
        steps.decline_reason
    from steps
    left join listed
        on
            steps.stat_month = listed.stat_month
            and steps.campaign_id = listed.campaign_id
            and steps.subscriber_id = listed.subscriber_id
            and listed.nth = 1
    left join subscribers
        on
            steps.stat_month = subscribers.stat_month
            and steps.subscriber_id = subscribers.subscriber_id
)

select * from final
