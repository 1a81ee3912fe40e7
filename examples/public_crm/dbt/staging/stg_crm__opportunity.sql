-- grain: one row per business month and opportunity that was open in it, as at the end of the month
--
-- The file has each opportunity once, as at the end of 2017. Its earlier months follow from its two
-- dates: open from the month of engagement on, won or lost in the month of the closing date. One
-- that is still at Prospecting has no date; it is known in the last month only.
with months as (
    select * from {{ ref("stg_b2b__month") }}
),

opportunities as (
    select * from {{ ref("stg_b2b__opportunity") }}
),

monthly as (
    select
        months.stat_month,
        opportunities.*,
        opportunities.close_date is not null
        and opportunities.close_date < {{ add_months("months.stat_month", 1) }} as is_closed
    from months
    inner join opportunities
        on
            (
                opportunities.engage_date < {{ add_months("months.stat_month", 1) }}
                or (opportunities.engage_date is null and months.is_last)
            )
            and (
                opportunities.close_date is null
                or opportunities.close_date >= months.stat_month
            )
)

select
    stat_month,
    opportunity_id,
    -- nobody has said yet which company: the opportunity stays, without one
    account as group_id,
    sales_agent as staff_id,
    product as product_id,
    cast(null as {{ dbt.type_string() }}) as source_channel,
    cast(null as {{ dbt.type_string() }}) as visit_id,
    cast(null as {{ dbt.type_string() }}) as need_type,
    -- the file values an opportunity once it is decided: what it brought, 0 when lost
    cast(case when is_closed then close_value end as numeric(18, 2)) as expected_amt,
    cast(null as integer) as lines_cnt,
    cast(null as {{ dbt.type_string() }}) as rival,
    -- when Prospecting began is not in the file: the first day known is that of engagement, which
    -- is also when the customer's interest was confirmed
    cast(engage_date as {{ dbt.type_timestamp() }}) as found_at,
    cast(engage_date as {{ dbt.type_timestamp() }}) as confirmed_at,
    case when is_closed then cast(close_date as {{ dbt.type_timestamp() }}) end as closed_at,
    case
        when is_closed and deal_stage = 'Won' then 'won'
        when is_closed and deal_stage = 'Lost' then 'lost'
        else 'open'
    end as state,
    cast(null as {{ dbt.type_string() }}) as lost_reason,
    load_id
from monthly
