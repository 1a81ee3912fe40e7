-- grain: one row per benefit granted
with grants as (
    select * from {{ ref("stg_crm__benefit_grant") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

final as (
    select
        grants.stat_month,
        grants.grant_id,
        grants.beneficiary_type,
        -- whom of these four it is for
        coalesce(
            case grants.beneficiary_type
                when 'key_person' then grants.key_person_id
                when 'liaison' then grants.liaison_id
                when 'subscriber' then grants.subscriber_id
                when 'group' then grants.group_id
            end,
            '-'
        ) as beneficiary_id,
        coalesce(grants.group_id, '-') as group_id,
        coalesce(groups.area_id, subscribers.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, subscribers.account_manager_id, '-')
            as account_manager_id,
        grants.benefit_kind,
        grants.granted_on,
        grants.granted_amt,
        grants.requested_by,
        grants.approved_by,
        grants.approved_at,
        grants.authority_limit_amt,
        coalesce(grants.granted_amt > grants.authority_limit_amt, false) as is_over_limit,
        grants.approved_by is null as is_unapproved
    from grants
    left join groups
        on grants.stat_month = groups.stat_month and grants.group_id = groups.group_id
    left join subscribers
        on
            grants.stat_month = subscribers.stat_month
            and grants.subscriber_id = subscribers.subscriber_id
)

select * from final
