-- grain: one row per business month and group customer with money billed, paid, owed or spent
{%- set parts = [
    ("fct_bill_item", "is_group_bill", [
        ("gross_amt", "billed_amt", none),
        ("discount_amt", "discount_amt", none),
        ("revenue_amt", "net_amt", none),
        ("ict_amt", "net_amt", "is_ict"),
        ("new_business_amt", "net_amt", "is_new_business"),
        ("recurring_amt", "net_amt", "is_recurring"),
        ("usage_amt", "net_amt", "is_usage"),
        ("contract_bound_amt", "net_amt", "is_contract_bound"),
        ("voice_amt", "net_amt", "service_type = 'voice'"),
        ("data_amt", "net_amt", "service_type = 'data'"),
        ("other_amt", "net_amt", "coalesce(service_type, '-') not in ('voice', 'data')"),
        ("communication_amt", "net_amt", "business_kind = 'communication'"),
        ("industry_application_amt", "net_amt", "business_kind = 'industry_application'"),
        ("service_support_amt", "net_amt", "business_kind = 'service_support'"),
    ]),
    ("fct_payment", "group_id <> '-'", [
        ("paid_amt", "paid_amt", none),
        ("paid_on_time_amt", "paid_amt", "is_on_time"),
        ("late_days_amt", "paid_amt * late_days", none),
    ]),
    ("fct_receivable", "group_id <> '-'", [
        ("outstanding_amt", "outstanding_amt", none),
        ("overdue_amt", "outstanding_amt", "is_overdue"),
        ("bad_debt_amt", "outstanding_amt", "is_bad_debt"),
    ]),
    ("fct_cost_to_serve", "object_type = 'group' and group_id <> '-'", [
        ("cost_amt", "cost_amt", "not is_capital"),
        ("capital_cost_amt", "cost_amt", "is_capital"),
    ]),
    ("stg_crm__benefit_grant", "group_id is not null", [
        ("granted_amt", "granted_amt", none),
    ]),
] %}
{%- set measures = [] %}
{%- for _, _, columns in parts %}
{%- for name, _, _ in columns %}{% do measures.append(name) %}{% endfor %}
{%- endfor %}
with amounts as (
    {%- for model, condition, columns in parts %}
    {%- set own = {} %}
    {%- for name, column, only in columns %}
    {%- do own.update({name: "case when " ~ only ~ " then " ~ column ~ " else 0 end"
                             if only else column}) %}
    {%- endfor %}
    select
        stat_month,
        group_id,
        {%- for name in measures %}
        {{ own.get(name, "0") }} as {{ name }},
        {%- endfor %}
        {{ "overdue_days" if model == "fct_receivable" else "0" }} as overdue_days,
        {{ "1" if model == "fct_bill_item" else "0" }} as bill_item_cnt
    from {{ ref(model) }}
    where {{ in_months("stat_month") }} and {{ condition }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        stat_month,
        group_id,
        {%- for name in measures %}
        cast(sum({{ name }}) as numeric(18, 2)) as {{ name }},
        {%- endfor %}
        cast(max(overdue_days) as integer) as overdue_days_max,
        cast(sum(bill_item_cnt) as integer) as bill_item_cnt
    from amounts
    group by stat_month, group_id
)

select * from final
