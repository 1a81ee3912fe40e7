-- grain: one row per feed, column and spelling that means another
--
-- How often each is met today is counted here, so that an alias is never at work unseen and one
-- that is no longer needed shows.
with aliases as (
    select * from {{ source("raw", "b2b__value_alias") }}
),

sent as (
    select 'b2b.sales_pipeline' as feed, 'product' as column_name, product as value_sent
    from {{ source("raw", "b2b__sales_pipeline") }}
    union all
    select 'b2b.account' as feed, 'sector' as column_name, sector as value_sent
    from {{ source("raw", "b2b__account") }}
    union all
    select 'b2b.account' as feed, 'office_location' as column_name, office_location as value_sent
    from {{ source("raw", "b2b__account") }}
),

counted as (
    select feed, column_name, value_sent, count(*) as row_cnt
    from sent
    group by feed, column_name, value_sent
)

select
    aliases.feed,
    aliases.column_name,
    aliases.value_sent,
    aliases.value_meant,
    aliases.reason,
    cast(coalesce(counted.row_cnt, 0) as integer) as row_cnt
from aliases
left join counted
    on
        aliases.feed = counted.feed
        and aliases.column_name = counted.column_name
        and aliases.value_sent = counted.value_sent
