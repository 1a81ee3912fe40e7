-- grain: one row per contact with a subscriber, on any channel, in or outside campaigns
--
-- Three systems tell of contacts, each with numbers of its own: `source_feed` and `contact_id`
-- together are the key. A campaign step counts when somebody tried to reach the customer.
with outside as (
    select * from {{ ref("stg_crm__customer_contact") }}
),

campaign_steps as (
    select * from {{ ref("stg_campaign__contact") }}
),

calls as (
    select * from {{ ref("stg_echannel__outbound_call") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

contacts as (
    select
        stat_month,
        'crm.customer_contact' as source_feed,
        contact_id,
        subscriber_id,
        contacted_at,
        channel_type,
        direction,
        reason_code,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        staff_id,
        product_id,
        true as is_reached,
        product_id is not null as is_accepted,
        transfer_channel,
        is_vip_seat,
        wait_seconds_cnt,
        is_resolved,
        cast(satisfaction_score / 5.0 as numeric(5, 4)) as satisfaction_rate
    from outside
    union all
    select
        stat_month,
        'campaign.contact' as source_feed,
        contact_id,
        subscriber_id,
        happened_at as contacted_at,
        channel_type,
        'operator' as direction,
        'campaign' as reason_code,
        campaign_id,
        staff_id,
        product_id,
        result_code = 'reached' as is_reached,
        is_accepted,
        null as transfer_channel,
        false as is_vip_seat,
        null as wait_seconds_cnt,
        null as is_resolved,
        null as satisfaction_rate
    from campaign_steps
    where step_type = 'contact'
    union all
    select
        stat_month,
        'echannel.outbound_call' as source_feed,
        call_id as contact_id,
        subscriber_id,
        called_at as contacted_at,
        'hotline' as channel_type,
        'operator' as direction,
        purpose as reason_code,
        campaign_id,
        null as staff_id,
        product_id,
        result <> 'not_reached' as is_reached,
        result = 'accepted' as is_accepted,
        null as transfer_channel,
        false as is_vip_seat,
        null as wait_seconds_cnt,
        null as is_resolved,
        cast(satisfaction_score / 10.0 as numeric(5, 4)) as satisfaction_rate
    from calls
),

final as (
    select
        contacts.stat_month,
        contacts.source_feed,
        contacts.contact_id,
        contacts.subscriber_id,
        subscribers.area_id,
        contacts.contacted_at,
        contacts.channel_type,
        contacts.direction,
        contacts.reason_code,
        contacts.campaign_id,
        contacts.staff_id,
        contacts.product_id,
        contacts.is_reached,
        contacts.is_accepted,
        contacts.transfer_channel,
        contacts.is_vip_seat,
        contacts.wait_seconds_cnt,
        contacts.is_resolved,
        contacts.satisfaction_rate
    from contacts
    left join subscribers
        on
            contacts.stat_month = subscribers.stat_month
            and contacts.subscriber_id = subscribers.subscriber_id
)

select * from final
