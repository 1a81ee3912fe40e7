-- grain: one row per business month, level, party and area of who is billed
--
-- The merged bill (合并账单, R033): everything billed in the month, once on each level. A level adds
-- up to the total of the bills, also in each area; '-' is what belongs to no party of the level.
--
-- Billed are the subscribers' bills and the items of group accounts. Items of other accounts are
-- what subscribers' bills consist of, and count only where there is no such bill.
with items as (
    select * from {{ ref("fct_bill_item") }}
    where {{ in_months("stat_month") }}
),

bills as (
    select * from {{ ref("stg_boss__subscriber_bill") }}
    where {{ in_months("stat_month") }}
),

subscribers as (
    select * from {{ ref("stg_crm__subscriber") }}
    where {{ in_months("stat_month") }}
),

shares as (
    select * from {{ ref("bridge_bill_party") }}
    where {{ in_months("stat_month") }}
),

lines as (
    select
        bills.stat_month,
        bills.subscriber_id,
        cast(null as {{ dbt.type_string() }}) as account_id,
        cast(null as {{ dbt.type_string() }}) as account_type,
        '-' as owner_party_id,
        '-' as group_id,
        coalesce(subscribers.area_id, '-') as area_id,
        bills.billed_amt as subscriber_bill_amt,
        cast(0 as numeric(18, 2)) as account_item_amt
    from bills
    left join subscribers
        on
            bills.stat_month = subscribers.stat_month
            and bills.subscriber_id = subscribers.subscriber_id
    union all
    select
        items.stat_month,
        items.subscriber_id,
        items.account_id,
        items.account_type,
        items.owner_party_id,
        items.group_id,
        items.area_id,
        cast(0 as numeric(18, 2)) as subscriber_bill_amt,
        items.net_amt as account_item_amt
    from items
    left join bills
        on items.stat_month = bills.stat_month and items.subscriber_id = bills.subscriber_id
    where items.is_group_bill or bills.subscriber_id is null
),

levels as (
    {%- for level in ["person", "family", "account", "group"] %}
    select '{{ level }}' as level
    {{- " union all" if not loop.last }}
    {%- endfor %}
),

-- what is billed to an account, and what is billed to no line, needs no shares
directed as (
    select
        lines.*,
        levels.level,
        case
            when levels.level = 'account' then lines.account_id
            when levels.level = 'group' and lines.group_id <> '-' then lines.group_id
            when levels.level = 'family' and lines.group_id <> '-' then '-'
            when lines.subscriber_id <> '-' then null
            when levels.level = 'person' and lines.account_type = 'personal'
                then lines.owner_party_id
            when levels.level = 'family' and lines.account_type = 'family'
                then lines.owner_party_id
            else '-'
        end as direct_party_id
    from lines
    cross join levels
),

attributed as (
    select
        directed.stat_month,
        directed.level,
        coalesce(
            directed.direct_party_id,
            shares.party_id,
            case when directed.level = 'person' then directed.subscriber_id else '-' end
        ) as party_id,
        directed.area_id,
        directed.subscriber_bill_amt * coalesce(shares.weight, 1) as subscriber_bill_amt,
        directed.account_item_amt * coalesce(shares.weight, 1) as account_item_amt
    from directed
    left join shares
        on
            directed.direct_party_id is null
            and directed.stat_month = shares.stat_month
            and directed.subscriber_id = shares.subscriber_id
            and directed.level = shares.level
),

final as (
    select
        stat_month,
        level,
        party_id,
        area_id,
        cast(sum(subscriber_bill_amt) as numeric(28, 10)) as subscriber_bill_amt,
        cast(sum(account_item_amt) as numeric(28, 10)) as account_item_amt,
        cast(sum(subscriber_bill_amt) + sum(account_item_amt) as numeric(28, 10)) as net_amt
    from attributed
    group by stat_month, level, party_id, area_id
)

select * from final
