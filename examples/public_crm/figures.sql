-- Win rate, won value and days to win, from core alone: telmart psql -f examples/public_crm/figures.sql

-- all: an opportunity counts in the month in which it was won or lost
select
    count(*) filter (where is_won) as won_cnt,
    count(*) as decided_cnt,
    round(100.0 * count(*) filter (where is_won) / count(*), 2) as win_rate_pct,
    sum(expected_amt) filter (where is_won) as won_amt,
    percentile_cont(0.5) within group (order by cycle_min) filter (where is_won) / 1440
        as median_days_to_win
from core.fct_opportunity
where is_closed_in_month;

-- by regional office: where the agent stood in that month
select
    unit.city_name_en as office,
    count(*) filter (where opportunity.is_won) as won_cnt,
    count(*) as decided_cnt,
    sum(opportunity.expected_amt) filter (where opportunity.is_won) as won_amt
from core.fct_opportunity as opportunity
left join core.dim_staff as staff using (stat_month, staff_id)
left join core.dim_org_unit as unit using (stat_month, org_unit_id)
where opportunity.is_closed_in_month
group by unit.city_name_en
order by office;

-- by manager, whose team is an area of the office
select
    unit.city_name_en as office,
    unit.area_name_en as manager,
    count(*) filter (where opportunity.is_won) as won_cnt,
    count(*) as decided_cnt,
    sum(opportunity.expected_amt) filter (where opportunity.is_won) as won_amt
from core.fct_opportunity as opportunity
left join core.dim_staff as staff using (stat_month, staff_id)
left join core.dim_org_unit as unit using (stat_month, org_unit_id)
where opportunity.is_closed_in_month
group by unit.city_name_en, unit.area_name_en
order by office, manager;

-- by product, as the product list spells it
select
    product.product_name,
    count(*) filter (where opportunity.is_won) as won_cnt,
    count(*) as decided_cnt,
    sum(opportunity.expected_amt) filter (where opportunity.is_won) as won_amt
from core.fct_opportunity as opportunity
left join core.dim_product as product using (stat_month, product_id)
where opportunity.is_closed_in_month
group by product.product_name
order by product.product_name;

-- by industry of the company
select
    industry.name_en as industry,
    count(distinct customer.group_id) as customer_cnt,
    sum(opportunity.expected_amt) as won_amt
from core.fct_opportunity as opportunity
left join core.dim_group_customer as customer using (stat_month, group_id)
left join core.dim_industry as industry using (industry_code)
where opportunity.is_closed_in_month and opportunity.is_won
group by industry.name_en
order by industry;

-- without a company, by state today: all of them are open
select
    state,
    count(*) as opportunity_cnt,
    count(*) filter (where group_id is null) as without_company_cnt
from core.fct_opportunity_current
group by state
order by state;

-- agents without a single opportunity
select staff.staff_id as agent
from core.dim_staff as staff
where
    staff.stat_month = date '2017-12-01'
    and staff.post = 'account_manager'
    and not exists (
        select from core.fct_opportunity_current as opportunity
        where opportunity.staff_id = staff.staff_id
    )
order by agent;

-- spellings that mean another, and the rows they are met in today
select feed, column_name, value_sent, value_meant, row_cnt, reason
from staging.stg_b2b__value_alias
order by feed desc, column_name, value_sent;
