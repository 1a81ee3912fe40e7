{# The columns every served row carries: where in the organisation it belongs and who looks after it.
   `org`, `staff`, `nobody`: aliases of dim_org_unit, dim_staff and the name for "no manager". #}
{% macro placement(fact, org="org", staff="staff", nobody="nobody") %}
    {%- for level in ["province", "city", "county", "area"] %}
    {{ org }}.{{ level }}_id,
    {{ org }}.{{ level }}_name,
    {{ org }}.{{ level }}_name_en,
    {%- endfor %}
    {{ fact }}.account_manager_id,
    -- a manager whom the staff list does not know keeps the number as name
    coalesce({{ staff }}.staff_name, {{ nobody }}.name_zh, {{ fact }}.account_manager_id)
        as account_manager_name,
    coalesce(
        {{ staff }}.staff_name_en,
        {{ staff }}.staff_name,
        {{ nobody }}.name_en,
        {{ fact }}.account_manager_id
    ) as account_manager_name_en
{%- endmacro %}

{# The joins behind `placement`, on the month in `month` (the fact's own, or a cohort's freeze). #}
{% macro placement_joins(fact, month) %}
left join {{ ref("dim_org_unit") }} as org
    on {{ month }} = org.stat_month and {{ fact }}.area_id = org.org_unit_id
left join {{ ref("dim_staff") }} as staff
    on {{ month }} = staff.stat_month and {{ fact }}.account_manager_id = staff.staff_id
left join {{ ref("code_name") }} as nobody
    on nobody.code_set = 'account_manager' and {{ fact }}.account_manager_id = nobody.code
{%- endmacro %}

{# Who manages each area of the months in hand; of several the first by number. #}
{% macro area_managers() -%}
    select
        stat_month,
        org_unit_id as area_id,
        min(staff_id) as staff_id
    from {{ ref("dim_staff") }}
    where {{ in_months("stat_month") }} and post = 'manager' and is_active
    group by stat_month, org_unit_id
{%- endmacro %}
