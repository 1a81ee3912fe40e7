-- grain: one row per business month, area, account manager, industry and application that is made
-- for the industry or for all
with customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }} and is_active
),

applications as (
    select * from {{ ref("dim_product") }}
    where
        {{ in_months("stat_month") }}
        and is_group_product
        and business_kind = 'industry_application'
),

used as (
    select
        stat_month,
        group_id,
        product_id,
        sum(line_cnt) as line_cnt,
        sum(monthly_fee_amt) as monthly_fee_amt
    from {{ ref("fct_product_instance") }}
    where {{ in_months("stat_month") }} and is_in_use
    group by stat_month, group_id, product_id
),

-- a customer of another industry that uses it all the same counts outside the penetration
paired as (
    select
        customers.stat_month,
        customers.area_id,
        customers.account_manager_id,
        customers.industry_code,
        applications.product_id,
        applications.product_name,
        applications.product_name_en,
        applications.industry_code as made_for_industry_code,
        applications.bearer,
        case when applications.industry_code in (customers.industry_code, '-') then 1 else 0 end
            as is_made_for,
        case when used.group_id is not null then 1 else 0 end as is_user,
        coalesce(used.line_cnt, 0) as line_cnt,
        coalesce(used.monthly_fee_amt, 0) as monthly_fee_amt
    from customers
    inner join applications
        on customers.stat_month = applications.stat_month
    left join used
        on
            customers.stat_month = used.stat_month
            and customers.group_id = used.group_id
            and applications.product_id = used.product_id
),

counted as (
    select
        stat_month,
        area_id,
        account_manager_id,
        industry_code,
        product_id,
        product_name,
        product_name_en,
        made_for_industry_code,
        bearer,
        sum(is_made_for) as industry_customer_cnt,
        sum(is_made_for * is_user) as using_customer_cnt,
        sum((1 - is_made_for) * is_user) as other_using_customer_cnt,
        sum(line_cnt) as line_cnt,
        sum(monthly_fee_amt) as monthly_fee_amt
    from paired
    where is_made_for = 1 or is_user = 1
    group by
        stat_month,
        area_id,
        account_manager_id,
        industry_code,
        product_id,
        product_name,
        product_name_en,
        made_for_industry_code,
        bearer
),

final as (
    select
        counted.stat_month,
        {{- placement("counted") }},
        counted.industry_code,
        industries.name_zh as industry_name,
        industries.name_en as industry_name_en,
        coalesce(industries.industry_section, '-') as industry_section,
        industries.section_name_zh as industry_section_name,
        industries.section_name_en as industry_section_name_en,
        counted.product_id,
        counted.product_name,
        counted.product_name_en,
        counted.made_for_industry_code,
        coalesce(made_for.name_zh, every_industry.name_zh) as made_for_industry_name,
        coalesce(made_for.name_en, every_industry.name_en) as made_for_industry_name_en,
        counted.bearer,
        cast(counted.industry_customer_cnt as integer) as industry_customer_cnt,
        cast(counted.using_customer_cnt as integer) as using_customer_cnt,
        cast(counted.other_using_customer_cnt as integer) as other_using_customer_cnt,
        cast(counted.line_cnt as integer) as line_cnt,
        cast(counted.monthly_fee_amt as numeric(18, 2)) as monthly_fee_amt
    from counted
    {{- placement_joins("counted", "counted.stat_month") }}
    left join {{ ref("dim_industry") }} as industries
        on counted.industry_code = industries.industry_code
    left join {{ ref("dim_industry") }} as made_for
        on counted.made_for_industry_code = made_for.industry_code
    left join {{ ref("code_name") }} as every_industry
        on
            every_industry.code_set = 'made_for_industry'
            and counted.made_for_industry_code = every_industry.code
)

select * from final
