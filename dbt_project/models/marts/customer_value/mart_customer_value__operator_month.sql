-- grain: one row per business month, area, account manager, industry section and operator
{%- set kinds = ["communication", "industry_application", "service_support"] %}
with customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

bindings as (
    select * from {{ ref("fct_loyalty_binding") }}
    where {{ in_months("stat_month") }}
),

-- what is believed of a competitor, and for how long, is decided there
competitor_bindings as (
    select * from {{ ref("fct_competitor_binding") }}
    where {{ in_months("stat_month") }} and is_bound
),

-- one per operator: those of a place stand side by side though one has nothing there
operators as (
    select
        code as operator,
        name_zh,
        name_en
    from {{ ref("code_name") }}
    where code_set = 'operator'
),

sections as (
    select distinct
        industry_section,
        section_name_zh,
        section_name_en
    from {{ ref("dim_industry") }}
),

-- a contract of which nothing is in use any more is no use
uses as (
    select
        stat_month,
        group_id,
        'own' as operator,
        business_kind,
        line_cnt
    from bindings
    where product_cnt > 0
    {%- for kind in kinds %}
    union all
    -- what its members use is billed, though the firm has no product of its own
    select
        stat_month,
        group_id,
        'own' as operator,
        '{{ kind }}' as business_kind,
        0 as line_cnt
    from customers
    where is_active and {{ kind }}_amt > 0
    {%- endfor %}
    union all
    select
        ties.stat_month,
        ties.group_id,
        ties.competitor as operator,
        ties.business_kind,
        ties.line_cnt
    from competitor_bindings as ties
    inner join customers
        on ties.stat_month = customers.stat_month and ties.group_id = customers.group_id
    -- a firm that no longer exists uses nothing, however fresh the report
    where customers.status <> 'closed'
),

-- with us: what is billed; with a competitor: what is reported
spends as (
    select
        stat_month,
        group_id,
        'own' as operator,
        revenue_amt as spend_amt,
        {%- for kind in kinds %}
        {{ kind }}_amt{{ "," if not loop.last }}
        {%- endfor %}
    from customers
    union all
    select
        ties.stat_month,
        ties.group_id,
        ties.competitor as operator,
        ties.monthly_spend_amt as spend_amt,
        {%- for kind in kinds %}
        case when ties.business_kind = '{{ kind }}' then ties.monthly_spend_amt else 0 end
            as {{ kind }}_amt{{ "," if not loop.last }}
        {%- endfor %}
    from competitor_bindings as ties
    inner join customers
        on ties.stat_month = customers.stat_month and ties.group_id = customers.group_id
    where customers.status <> 'closed'
),

used as (
    select
        stat_month,
        group_id,
        operator,
        {%- for kind in kinds %}
        max(case when business_kind = '{{ kind }}' then 1 else 0 end) as {{ kind }},
        {%- endfor %}
        sum(line_cnt) as line_cnt
    from uses
    group by stat_month, group_id, operator
),

spent as (
    select
        stat_month,
        group_id,
        operator,
        {%- for kind in kinds %}
        sum({{ kind }}_amt) as {{ kind }}_amt,
        {%- endfor %}
        sum(spend_amt) as spend_amt
    from spends
    group by stat_month, group_id, operator
),

of_customer as (
    select
        stat_month,
        group_id,
        count(*) as operator_cnt
    from used
    group by stat_month, group_id
),

counted as (
    select
        customers.stat_month,
        customers.area_id,
        customers.account_manager_id,
        customers.industry_section,
        operators.operator,
        operators.name_zh,
        operators.name_en,
        sum(case when used.group_id is not null then 1 else 0 end) as customer_cnt,
        {%- for kind in kinds %}
        sum(coalesce(used.{{ kind }}, 0)) as {{ kind }}_customer_cnt,
        {%- endfor %}
        sum(coalesce({{ "used." ~ kinds | join(" * used.") }}, 0)) as full_service_customer_cnt,
        sum(case when used.group_id is not null and of_customer.operator_cnt = 1 then 1 else 0 end)
            as only_customer_cnt,
        sum(coalesce(used.line_cnt, 0)) as line_cnt,
        sum(coalesce(spent.spend_amt, 0)) as spend_amt,
        {%- for kind in kinds %}
        sum(coalesce(spent.{{ kind }}_amt, 0)) as {{ kind }}_amt,
        {%- endfor %}
        sum(case when of_customer.group_id is not null then 1 else 0 end) as market_customer_cnt
    from customers
    cross join operators
    left join used
        on
            customers.stat_month = used.stat_month
            and customers.group_id = used.group_id
            and operators.operator = used.operator
    left join spent
        on
            customers.stat_month = spent.stat_month
            and customers.group_id = spent.group_id
            and operators.operator = spent.operator
    left join of_customer
        on
            customers.stat_month = of_customer.stat_month
            and customers.group_id = of_customer.group_id
    group by
        customers.stat_month,
        customers.area_id,
        customers.account_manager_id,
        customers.industry_section,
        operators.operator,
        operators.name_zh,
        operators.name_en
),

final as (
    select
        counted.stat_month,
        {{- placement("counted") }},
        counted.industry_section,
        sections.section_name_zh as industry_section_name,
        sections.section_name_en as industry_section_name_en,
        counted.operator,
        counted.name_zh as operator_name,
        counted.name_en as operator_name_en,
        cast(counted.customer_cnt as integer) as customer_cnt,
        {%- for kind in kinds %}
        cast(counted.{{ kind }}_customer_cnt as integer) as {{ kind }}_customer_cnt,
        {%- endfor %}
        cast(counted.full_service_customer_cnt as integer) as full_service_customer_cnt,
        cast(counted.only_customer_cnt as integer) as only_customer_cnt,
        cast(counted.line_cnt as integer) as line_cnt,
        cast(counted.spend_amt as numeric(18, 2)) as spend_amt,
        {%- for kind in kinds %}
        cast(counted.{{ kind }}_amt as numeric(18, 2)) as {{ kind }}_amt,
        {%- endfor %}
        cast(counted.market_customer_cnt as integer) as market_customer_cnt,
        cast(
            sum(counted.spend_amt) over (
                partition by
                    counted.stat_month,
                    counted.area_id,
                    counted.account_manager_id,
                    counted.industry_section
            ) as numeric(18, 2)
        ) as market_spend_amt
    from counted
    {{- placement_joins("counted", "counted.stat_month") }}
    left join sections
        on counted.industry_section = sections.industry_section
)

select * from final
