-- grain: one row per opportunity, its product spelt as meant
with opportunities as (
    select * from {{ source("raw", "b2b__sales_pipeline") }}
),

aliases as (
    select * from {{ source("raw", "b2b__value_alias") }}
    where feed = 'b2b.sales_pipeline' and column_name = 'product'
)

select
    opportunities.opportunity_id,
    opportunities.sales_agent,
    coalesce(aliases.value_meant, opportunities.product) as product,
    opportunities.account,
    opportunities.deal_stage,
    opportunities.engage_date,
    opportunities.close_date,
    opportunities.close_value,
    opportunities._load_id as load_id
from opportunities
left join aliases
    on opportunities.product = aliases.value_sent
