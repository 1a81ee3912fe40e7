-- grain: one row per business month and party: a person, a family or a group customer
--
-- A person is known as such once related to a family or a group; every other subscriber is a person
-- under the number of the line. The family and the group are those a person belongs to at month
-- end: of several the one with the largest share of the bill.
with subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
),

relations as (
    select * from {{ ref("bridge_party_hierarchy") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

ranked as (
    select
        relations.*,
        row_number() over (
            partition by stat_month, child_party_id, parent_type
            order by bill_share desc, parent_party_id
        ) as place
    from relations
    where is_in_force
),

parents as (
    select
        stat_month,
        child_party_id,
        max(case when parent_type = 'family' then parent_party_id end) as family_party_id,
        max(case when parent_type = 'group' then parent_party_id end) as group_party_id
    from ranked
    where place = 1
    group by stat_month, child_party_id
),

lines as (
    select
        stat_month,
        subscriber_id,
        min(child_party_id) as party_id
    from relations
    where subscriber_id is not null
    group by stat_month, subscriber_id
),

-- a person may have several lines: the smallest number stands for them
persons as (
    select
        subscribers.stat_month,
        coalesce(lines.party_id, subscribers.subscriber_id) as party_id,
        min(subscribers.subscriber_id) as subscriber_id,
        count(*) as line_cnt
    from subscribers
    left join lines
        on
            subscribers.stat_month = lines.stat_month
            and subscribers.subscriber_id = lines.subscriber_id
    group by subscribers.stat_month, coalesce(lines.party_id, subscribers.subscriber_id)
),

families as (
    select distinct
        stat_month,
        parent_party_id as party_id
    from relations
    where parent_type = 'family'
),

parties as (
    select
        stat_month,
        party_id,
        'person' as party_type,
        subscriber_id,
        line_cnt
    from persons
    union all
    select stat_month, party_id, 'family', cast(null as {{ dbt.type_string() }}), 0
    from families
    union all
    select stat_month, group_id, 'group', cast(null as {{ dbt.type_string() }}), 0
    from groups
),

final as (
    select
        parties.stat_month,
        parties.party_id,
        parties.party_type,
        parties.subscriber_id,
        cast(parties.line_cnt as integer) as line_cnt,
        coalesce(parents.family_party_id, '-') as family_party_id,
        coalesce(parents.group_party_id, '-') as group_party_id
    from parties
    left join parents
        on
            parties.stat_month = parents.stat_month
            and parties.party_id = parents.child_party_id
)

select * from final
