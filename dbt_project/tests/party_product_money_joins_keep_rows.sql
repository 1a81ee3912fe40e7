-- What is joined to a row describes it: no join loses a row, and none makes two of one. Counted
-- month by month, with the amount that would be counted twice.
{%- set pairs = [
    ("dim_group_customer", ["stg_crm__group_customer"], "employees_cnt"),
    ("dim_account", ["stg_boss__account"], "credit_limit_amt"),
    ("bridge_party_hierarchy", ["stg_crm__party_relation"], "bill_share"),
    ("dim_key_person", ["stg_crm__key_person"], none),
    ("dim_liaison", ["stg_crm__liaison"], "reward_amt"),
    ("dim_contract", ["stg_crm__group_contract", "stg_crm__contract"], "monthly_commit_amt"),
    ("fct_key_person_event", ["stg_crm__key_person_event"], none),
    ("fct_qualitative_rating", ["stg_crm__group_rating"], "score"),
    ("fct_bill_item", ["stg_boss__bill_item"], "net_amt"),
    ("fct_payment", ["stg_boss__payment"], "paid_amt"),
    ("fct_receivable", ["stg_boss__receivable"], "outstanding_amt"),
    ("fct_cost_to_serve", ["stg_finance__cost_allocation"], "cost_amt"),
    ("fct_benefit_grant", ["stg_crm__benefit_grant"], "granted_amt"),
    ("fct_product_instance", ["stg_crm__product_instance"], "monthly_fee_amt"),
    ("fct_competitor_offer", ["stg_competitor__tariff"], "monthly_fee_amt"),
    ("fct_ported_number", ["stg_competitor__ported_number"], none),
    ("fct_opening", ["stg_boss__opening"], "first_recharge_amt"),
    ("fct_usage_destination", ["stg_mediation__usage_destination"], "voice_min"),
    ("fct_usage_area", ["stg_mediation__usage_area"], "data_mb"),
    ("fct_points_movement", ["stg_points__movement"], "points_cnt"),
] %}
with counted as (
    {%- for model, sources, measure in pairs %}
    {%- set sum = "sum(" ~ measure ~ ")" if measure else "0" %}
    select '{{ model }}' as model, stat_month, count(*) as row_cnt, {{ sum }} as measure_sum
    from {{ ref(model) }}
    where {{ in_months("stat_month") }}
    group by stat_month
    {%- for source_model in sources %}
    union all
    select '{{ model }}' as model, stat_month, -count(*) as row_cnt, -{{ sum }} as measure_sum
    from {{ ref(source_model) }}
    where {{ in_months("stat_month") }}
    group by stat_month
    {%- endfor %}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select model, stat_month, sum(row_cnt) as more_rows, sum(measure_sum) as more
from counted
group by model, stat_month
having sum(row_cnt) <> 0 or coalesce(sum(measure_sum), 0) <> 0
