-- grain: one row per business month and group customer that is on file, billed or has members
--
-- What a feed does not tell of is unknown, not zero: a month without a row of the electronic
-- channels, or without a contact, leaves its columns empty.
with customers as (
    select
        stat_month,
        group_id
    from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

-- own members as int_group_month__member counts them; who is listed twice does business once
members as (
    select
        listed.stat_month,
        listed.group_id,
        listed.subscriber_id,
        count(*) as member_cnt
    from {{ ref("stg_crm__group_member") }} as listed
    inner join {{ ref("dim_month") }} as months
        on listed.stat_month = months.stat_month
    where
        {{ in_months("listed.stat_month") }}
        and listed.network = 'own'
        and listed.member_role <> 'machine'
        and (listed.left_on is null or listed.left_on > months.month_end_on)
    group by listed.stat_month, listed.group_id, listed.subscriber_id
),

-- few of a city's lines are members
lines as (
    select distinct
        stat_month,
        subscriber_id
    from members
),

types as (
    select * from {{ ref("channel_type") }}
),

users as (
    select
        used.stat_month,
        used.subscriber_id,
        max(case when used.is_active then 1 else 0 end) as echannel_user,
        max(case when used.is_active and types.is_self_service then 1 else 0 end)
            as self_service_user,
        sum(used.transaction_cnt) as echannel_transaction_cnt,
        sum(case when types.is_self_service then used.transaction_cnt else 0 end)
            as self_service_transaction_cnt,
        sum(case when types.is_self_service then used.payment_cnt else 0 end)
            as self_service_payment_cnt
    from {{ ref("fct_echannel_user_month") }} as used
    inner join lines
        on used.stat_month = lines.stat_month and used.subscriber_id = lines.subscriber_id
    left join types
        on used.channel_id = types.channel_type
    where {{ in_months("used.stat_month") }}
    group by used.stat_month, used.subscriber_id
),

-- the one feed that tells of halls, hotline and electronic channels alike, contact by contact
contacts as (
    select
        contact.stat_month,
        contact.subscriber_id,
        sum(case when contact.direction = 'customer' and contact.reason_code = 'transaction'
            then 1 else 0 end) as business_contact_cnt,
        sum(case when contact.direction = 'customer' and contact.reason_code = 'transaction'
            and types.is_self_service then 1 else 0 end) as self_service_contact_cnt
    from {{ ref("fct_contact") }} as contact
    inner join lines
        on contact.stat_month = lines.stat_month and contact.subscriber_id = lines.subscriber_id
    left join types
        on contact.channel_type = types.channel_type
    where {{ in_months("contact.stat_month") }} and contact.source_feed = 'crm.customer_contact'
    group by contact.stat_month, contact.subscriber_id
),

user_months as (
    select distinct stat_month from {{ ref("fct_echannel_user_month") }}
    where {{ in_months("stat_month") }}
),

contact_months as (
    select distinct stat_month from {{ ref("fct_contact") }}
    where {{ in_months("stat_month") }} and source_feed = 'crm.customer_contact'
),

summed as (
    select
        members.stat_month,
        members.group_id,
        sum(users.echannel_user * members.member_cnt) as echannel_member_cnt,
        sum(users.self_service_user * members.member_cnt) as self_service_member_cnt,
        sum(users.echannel_transaction_cnt) as echannel_transaction_cnt,
        sum(users.self_service_transaction_cnt) as self_service_transaction_cnt,
        sum(users.self_service_payment_cnt) as self_service_payment_cnt,
        sum(contacts.business_contact_cnt) as business_contact_cnt,
        sum(contacts.self_service_contact_cnt) as self_service_contact_cnt
    from members
    left join users
        on
            members.stat_month = users.stat_month
            and members.subscriber_id = users.subscriber_id
    left join contacts
        on
            members.stat_month = contacts.stat_month
            and members.subscriber_id = contacts.subscriber_id
    group by members.stat_month, members.group_id
),

final as (
    select
        customers.stat_month,
        customers.group_id,
        {%- for name in [
            "echannel_member_cnt", "self_service_member_cnt", "echannel_transaction_cnt",
            "self_service_transaction_cnt", "self_service_payment_cnt",
        ] %}
        cast(
            case when user_months.stat_month is not null then coalesce(summed.{{ name }}, 0) end
            as integer
        ) as {{ name }},
        {%- endfor %}
        {%- for name in ["business_contact_cnt", "self_service_contact_cnt"] %}
        cast(
            case when contact_months.stat_month is not null then coalesce(summed.{{ name }}, 0) end
            as integer
        ) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from customers
    left join summed
        on customers.stat_month = summed.stat_month and customers.group_id = summed.group_id
    left join user_months
        on customers.stat_month = user_months.stat_month
    left join contact_months
        on customers.stat_month = contact_months.stat_month
)

select * from final
