-- grain: one row per business month, subscriber, level and party that shows or pays the bill
--
-- How one bill is divided on each level: who used the line (person), whose merged bill shows it
-- (family, group), who pays it (account). The weights of a subscriber make exactly 1 on every level
-- that has rows; '-' stands for what belongs to nobody there. A level without rows is '-' alone.
-- Shares that make more than 1 are scaled down: a bill is never shown twice (R033).
with relations as (
    select * from {{ ref("bridge_party_hierarchy") }}
    where {{ in_months("stat_month") }}
),

members as (
    select * from {{ ref("stg_boss__account_member") }}
    where {{ in_months("stat_month") }}
),

in_force as (
    select * from relations
    where is_in_force
),

persons as (
    select
        stat_month,
        subscriber_id,
        min(child_party_id) as party_id
    from relations
    where subscriber_id is not null
    group by stat_month, subscriber_id
),

shares as (
    select stat_month, subscriber_id, 'person' as level, party_id, 1.0 as share
    from persons
    union all
    select stat_month, subscriber_id, 'account' as level, account_id as party_id, pays_share
    from members
    union all
    select stat_month, subscriber_id, parent_type as level, parent_party_id, bill_share
    from in_force
    where subscriber_id is not null
    union all
    -- what a family shows of the bill, the family's group may show of the family
    select
        child.stat_month,
        child.subscriber_id,
        'group' as level,
        parent.parent_party_id,
        child.bill_share * parent.bill_share
    from in_force as child
    inner join in_force as parent
        on
            child.stat_month = parent.stat_month
            and child.parent_party_id = parent.child_party_id
    where child.subscriber_id is not null and child.parent_type = 'family'
),

parties as (
    select
        stat_month,
        subscriber_id,
        level,
        party_id,
        sum(share) as share
    from shares
    where share > 0
    group by stat_month, subscriber_id, level, party_id
),

weighted as (
    select
        parties.*,
        cast(
            share / greatest(
                1, sum(share) over (partition by stat_month, subscriber_id, level)
            ) as numeric(12, 8)
        ) as weight
    from parties
),

final as (
    select stat_month, subscriber_id, level, party_id, weight
    from weighted
    union all
    select
        stat_month,
        subscriber_id,
        level,
        '-' as party_id,
        cast(1 - sum(weight) as numeric(12, 8)) as weight
    from weighted
    group by stat_month, subscriber_id, level
    having sum(weight) <> 1
)

select * from final
