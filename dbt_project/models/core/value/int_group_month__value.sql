-- grain: one row per business month and group customer
--
-- What has to be worked out of fct_group_customer_month: comparisons, stickiness, who is
-- potentially of high value, and how hard a competitor holds the customer.
{%- set competitors = ["op_b", "op_c"] %}
{%- set parameters = [
    "potential_min_social_score", "stickiness_contract_weight", "stickiness_recurring_weight",
    "stickiness_product_weight", "stickiness_full_product_cnt", "win_over_full_score",
    "win_over_per_kind", "win_over_per_spend", "win_over_per_contract_month",
    "win_over_max_contract_months", "key_person_type_cnt", "pareto_share",
] %}
with customers as (
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

-- the months that are compared with: the two before, and one year ago, which aligned to the Spring
-- Festival is 11 to 13 months away
earlier as (
    select stat_month, group_id, revenue_amt
    from {{ ref("fct_group_customer_month") }}
    where
        {% for back in [1, 2, 11, 12, 13] -%}
        {{ "or " if not loop.first }}{{ in_months("stat_month", -back) }}
        {% endfor %}
),

earlier_months as (
    select distinct stat_month from earlier
),

months as (
    select
        months.stat_month,
        months.month_end_on,
        months.previous_month,
        {{ add_months("months.stat_month", -2) }} as two_before_month,
        months.year_ago_month,
        months.year_ago_month_aligned,
        {%- for name in parameters %}
        {{ parameter("rule", "parameter", name) }} as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref("dim_month") }} as months
    left join {{ ref("customer_value_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by
        months.stat_month,
        months.month_end_on,
        months.previous_month,
        months.year_ago_month,
        months.year_ago_month_aligned
),

-- of the models that judge it; they agree unless their rules differ. One on trial decides nothing.
social as (
    select
        factors.stat_month,
        factors.group_id,
        max(factors.factor_score) as social_score
    from {{ ref("int_group_value__factor") }} as factors
    left join {{ ref("value_model") }} as models
        on factors.model = models.model and {{ holds_in("models", "factors.stat_month") }}
    where
        {{ in_months("factors.stat_month") }}
        and factors.factor = 'social_attribute'
        and not coalesce(models.is_trial, false)
    group by factors.stat_month, factors.group_id
),

contracts as (
    select
        stat_month,
        group_id,
        min(ends_on) as contract_ends_on
    from {{ ref("dim_contract") }}
    where
        {{ in_months("stat_month") }}
        and contract_type = 'group'
        and is_in_force
        -- one that renews by itself does not run out
        and not is_auto_renewal
    group by stat_month, group_id
),

ties as (
    select
        ties.*,
        coalesce(ties.contract_ends_on < months.month_end_on, false) as is_over,
        row_number() over (
            partition by ties.stat_month, ties.group_id, ties.competitor
            order by ties.collected_on desc, ties.business_kind
        ) as latest_first
    from {{ ref("fct_competitor_binding") }} as ties
    inner join months
        on ties.stat_month = months.stat_month
    where {{ in_months("ties.stat_month") }} and ties.is_bound
),

bound as (
    select
        stat_month,
        group_id,
        {%- for competitor in competitors %}
        {%- set its = "competitor = '" ~ competitor ~ "'" %}
        sum(case when {{ its }} then 1 else 0 end) as {{ competitor }}_kind_cnt,
        sum(case when {{ its }} then line_cnt else 0 end) as {{ competitor }}_line_cnt,
        sum(case when {{ its }} then monthly_spend_amt else 0 end) as {{ competitor }}_spend_amt,
        -- one that has run out is not the next to end
        min(case when {{ its }} and not is_over then contract_ends_on end)
            as {{ competitor }}_contract_ends_on,
        max(case when {{ its }} then contract_ends_on end) as {{ competitor }}_bound_until,
        max(case when {{ its }} and latest_first = 1 then confidence end)
            as {{ competitor }}_confidence,
        max(case when {{ its }} then collected_on end) as {{ competitor }}_collected_on,
        max(case when {{ its }} and latest_first = 1 then customer_stage end)
            as {{ competitor }}_stage{{ "," if not loop.last }}
        {%- endfor %}
    from ties
    group by stat_month, group_id
),

persons as (
    select
        stat_month,
        group_id,
        count(*) as unfollowed_change_cnt
    from {{ ref("int_key_person__unfollowed") }}
    where {{ in_months("stat_month") }}
    group by stat_month, group_id
),

compared as (
    select
        customers.*,
        case when previous_months.stat_month is not null then coalesce(previous.revenue_amt, 0) end
            as previous_revenue_amt,
        case
            when previous_months.stat_month is not null and two_before_months.stat_month is not null
                then coalesce(two_before.revenue_amt, 0)
        end as two_before_revenue_amt,
        case when year_ago_months.stat_month is not null then coalesce(year_ago.revenue_amt, 0) end
            as year_ago_revenue_amt,
        case when aligned_months.stat_month is not null then coalesce(aligned.revenue_amt, 0) end
            as year_ago_aligned_revenue_amt,
        -- what it brought a year ago where it was known then, else in the month before: nobody
        -- grows by having been no customer
        coalesce(aligned.revenue_amt, year_ago.revenue_amt, previous.revenue_amt)
            as earlier_revenue_amt,
        {%- for name in parameters %}
        months.{{ name }} as rule_{{ name }},
        {%- endfor %}
        months.month_end_on,
        -- all that the customer spends: with us and with every competitor
        customers.revenue_amt
        {%- for competitor in competitors %}
        + coalesce(bound.{{ competitor }}_spend_amt, 0)
        {%- endfor %} as spend_amt,
        social.social_score,
        contracts.contract_ends_on,
        {%- for competitor in competitors %}
        coalesce(bound.{{ competitor }}_kind_cnt, 0) as {{ competitor }}_kind_cnt,
        coalesce(bound.{{ competitor }}_line_cnt, 0) as {{ competitor }}_line_cnt,
        coalesce(bound.{{ competitor }}_spend_amt, 0) as {{ competitor }}_spend_amt,
        bound.{{ competitor }}_contract_ends_on,
        bound.{{ competitor }}_bound_until,
        bound.{{ competitor }}_confidence,
        bound.{{ competitor }}_collected_on,
        bound.{{ competitor }}_stage,
        {%- endfor %}
        coalesce(persons.unfollowed_change_cnt, 0) as unfollowed_change_cnt
    from customers
    inner join months
        on customers.stat_month = months.stat_month
    {%- for name, month in {
        "previous": "previous_month",
        "two_before": "two_before_month",
        "year_ago": "year_ago_month",
        "aligned": "year_ago_month_aligned",
    }.items() %}
    left join earlier_months as {{ name }}_months
        on months.{{ month }} = {{ name }}_months.stat_month
    left join earlier as {{ name }}
        on months.{{ month }} = {{ name }}.stat_month and customers.group_id = {{ name }}.group_id
    {%- endfor %}
    {%- for source in ["social", "contracts", "bound", "persons"] %}
    left join {{ source }}
        on
            customers.stat_month = {{ source }}.stat_month
            and customers.group_id = {{ source }}.group_id
    {%- endfor %}
),

measured as (
    select
        compared.*,
        revenue_amt - earlier_revenue_amt as growth_amt,
        -- what all competitors have together binds: won over in full is who leaves each of them
        {{ competitors | join("_kind_cnt + ") }}_kind_cnt as bound_kind_cnt,
        (revenue_amt + member_bill_amt) / nullif(own_member_cnt, 0) as arpu,
        -- over the same customers as below: a line's mean says nothing of those without lines
        sum(
            case when is_active and own_member_cnt > 0 then revenue_amt + member_bill_amt else 0 end
        ) over (partition by stat_month)
        / nullif(
            sum(case when is_active then own_member_cnt else 0 end) over (partition by stat_month),
            0
        ) as mean_arpu,
        (revenue_amt + member_bill_amt) / nullif(employees_cnt, 0) as revenue_per_employee,
        sum(
            case when is_active and employees_cnt > 0 then revenue_amt + member_bill_amt else 0 end
        ) over (partition by stat_month)
        / nullif(
            sum(case when is_active then employees_cnt else 0 end) over (partition by stat_month),
            0
        ) as mean_revenue_per_employee,
        rank() over (
            partition by stat_month, is_active order by revenue_amt desc
        ) as revenue_rank_no,
        rank() over (partition by stat_month, is_active order by revenue_amt) - 1 as lower_cnt,
        count(*) over (partition by stat_month, is_active) as ranked_cnt,
        sum(revenue_amt) over (partition by stat_month, area_id) as area_revenue_amt,
        case when revenue_amt > 0 then contract_bound_amt / revenue_amt end as contract_share,
        case when revenue_amt > 0 then recurring_amt / revenue_amt end as recurring_share
    from compared
),

compared_with_mean as (
    select
        measured.*,
        coalesce(arpu < mean_arpu, false) as is_below_mean_arpu,
        -- few lines may be on file, or none, and these may bring much: its size says what is hidden
        coalesce(revenue_per_employee < mean_revenue_per_employee, false)
            as is_below_mean_per_employee
    from measured
),

judged as (
    select
        compared_with_mean.*,
        coalesce(growth_amt < 0, false) as is_shrinking,
        -- the documents' rule: whoever is expected to be worth much is kept though ARPU is below
        -- the mean or growth is negative; no threshold of revenue takes the mark away
        is_active
        and coalesce(social_score >= rule_potential_min_social_score, false)
        and (
            is_below_mean_arpu
            or is_below_mean_per_employee
            or coalesce(growth_amt < 0, false)
        ) as is_potential_high_value,
        {%- for competitor in competitors %}
        case
            when {{ competitor }}_kind_cnt > 0
                then
                    greatest(
                        0,
                        rule_win_over_full_score
                        - rule_win_over_per_kind * bound_kind_cnt
                        - rule_win_over_per_spend * (spend_amt - revenue_amt)
                        / coalesce(nullif(spend_amt, 0), 1)
                        - rule_win_over_per_contract_month
                        * least(
                            rule_win_over_max_contract_months,
                            greatest(
                                0,
                                coalesce(
                                    {{ dbt.datediff(
                                        "month_end_on", competitor ~ "_bound_until", "month"
                                    ) }},
                                    0
                                )
                            )
                        )
                    )
        end as {{ competitor }}_win_over_score{{ "," if not loop.last }}
        {%- endfor %}
    from compared_with_mean
),

final as (
    select
        judged.stat_month,
        judged.group_id,
        {%- for name in ["previous", "year_ago", "year_ago_aligned"] %}
        cast(judged.{{ name }}_revenue_amt as numeric(18, 2)) as {{ name }}_revenue_amt,
        cast(judged.revenue_amt - judged.{{ name }}_revenue_amt as numeric(18, 2))
            as {{ name }}_change_amt,
        {%- endfor %}
        case when judged.is_active then cast(judged.revenue_rank_no as integer) end
            as revenue_rank_no,
        cast(
            case
                when judged.is_active
                    then 100.0 * judged.lower_cnt / nullif(judged.ranked_cnt - 1, 0)
            end as numeric(18, 8)
        ) as revenue_percentile,
        cast(judged.revenue_amt / nullif(judged.area_revenue_amt, 0) as numeric(18, 8))
            as area_revenue_share,
        -- the slope of three equally distant points is half of the last less the first
        cast(judged.revenue_amt - judged.two_before_revenue_amt as numeric(18, 2))
            as two_months_change_amt,
        -- the first customers by revenue, up to the share of the rule
        judged.is_active
        and coalesce(
            judged.revenue_rank_no - 1 < judged.rule_pareto_share * judged.ranked_cnt, false
        ) as is_pareto_top,
        cast(judged.arpu as numeric(18, 6)) as arpu,
        cast(judged.mean_arpu as numeric(18, 6)) as mean_arpu,
        cast(judged.social_score as numeric(18, 8)) as social_score,
        judged.is_below_mean_arpu,
        judged.is_below_mean_per_employee,
        judged.is_shrinking,
        judged.is_potential_high_value,
        cast(
            judged.rule_stickiness_contract_weight * judged.contract_share
            + judged.rule_stickiness_recurring_weight * judged.recurring_share
            + judged.rule_stickiness_product_weight
            * least(1, judged.product_cnt / nullif(judged.rule_stickiness_full_product_cnt, 0))
            as numeric(18, 8)
        ) as stickiness_index,
        judged.contract_ends_on,
        {%- for competitor in competitors %}
        cast(judged.{{ competitor }}_kind_cnt as integer) as {{ competitor }}_kind_cnt,
        cast(judged.{{ competitor }}_line_cnt as integer) as {{ competitor }}_line_cnt,
        cast(judged.{{ competitor }}_spend_amt as numeric(18, 2)) as {{ competitor }}_spend_amt,
        judged.{{ competitor }}_contract_ends_on,
        judged.{{ competitor }}_confidence,
        judged.{{ competitor }}_collected_on,
        judged.{{ competitor }}_stage,
        cast(judged.{{ competitor }}_win_over_score as numeric(18, 8))
            as {{ competitor }}_win_over_score,
        {%- endfor %}
        coalesce(judged.key_person_type_cnt >= judged.rule_key_person_type_cnt, false)
            as has_all_key_persons,
        cast(judged.unfollowed_change_cnt as integer) as unfollowed_change_cnt
    from judged
)

select * from final
