-- grain: one row per business month, party and party it belongs to
with relations as (
    select * from {{ ref("stg_crm__party_relation") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

final as (
    select
        relations.stat_month,
        relations.party_id as child_party_id,
        relations.related_party_id as parent_party_id,
        relations.relation_type,
        case when relations.relation_type like 'person%' then 'person' else 'family' end
            as child_type,
        case when relations.relation_type like '%family' then 'family' else 'group' end
            as parent_type,
        relations.subscriber_id,
        relations.bill_share,
        relations.valid_from_on,
        relations.valid_to_on,
        -- valid_to_on is the last day
        relations.valid_from_on <= months.month_end_on
        and coalesce(relations.valid_to_on, months.month_end_on) >= months.month_end_on
            as is_in_force
    from relations
    inner join months
        on relations.stat_month = months.stat_month
)

select * from final
