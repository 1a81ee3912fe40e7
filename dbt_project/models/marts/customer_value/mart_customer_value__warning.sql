-- grain: one row per business month, group customer and reason for which somebody should act
--
-- Of the models, competitors or key persons that give the same reason, the one that is worst speaks
-- for the customer; of the levels whose rule holds, the highest is raised.
with customers as (
    -- a prospect is a competitor's customer: the end of the contract there is our chance (R041)
    select * from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }} and (is_active or status = 'prospect')
),

profiles as (
    select * from {{ ref("dim_group_customer") }}
    where {{ in_months("stat_month") }}
),

months as (
    select
        months.stat_month,
        months.month_end_on,
        {{ parameter("rule", "parameter", "about_to_drop_margin") }} as drop_margin,
        {{ parameter("rule", "parameter", "about_to_drop_score") }} as drop_score
    from {{ ref("dim_month") }} as months
    left join {{ ref("customer_value_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by months.stat_month, months.month_end_on
),

worked_out as (
    select * from {{ ref("int_group_month__value") }}
    where {{ in_months("stat_month") }}
),

grades as (
    select
        grades.*,
        max(grades.grade_rank) over (partition by grades.stat_month, grades.model)
            as last_grade_rank
    from {{ ref("int_group_value__change") }} as grades
    left join {{ ref("value_model") }} as models
        on grades.model = models.model and {{ holds_in("models", "grades.stat_month") }}
    where
        {{ in_months("grades.stat_month") }}
        and grades.is_graded
        -- nobody is managed by a model on trial
        and not coalesce(models.is_trial, false)
),

unfollowed as (
    select * from {{ ref("int_key_person__unfollowed") }}
    where {{ in_months("stat_month") }}
),

falling as (
    select * from {{ ref("int_group_month__fall") }}
    where {{ in_months("stat_month") }} and is_warned
),

-- what is measured, the larger the worse; a rule's threshold for days left is met from below
reasons as (
    select
        stat_month,
        group_id,
        'grade_drop' as reason,
        model as subject_id,
        cast(-grade_steps as numeric(18, 4)) as measure_value,
        cast(null as numeric(18, 2)) as floor_measure,
        previous_grade,
        grade,
        driver_factor,
        driver_points_change,
        cast(null as date) as due_on
    from grades
    where transition = 'down'
    union all
    select
        grades.stat_month,
        grades.group_id,
        'about_to_drop' as reason,
        grades.model as subject_id,
        cast(-grades.score_change as numeric(18, 4)) as measure_value,
        cast(null as numeric(18, 2)) as floor_measure,
        grades.previous_grade,
        grades.grade,
        grades.driver_factor,
        grades.driver_points_change,
        cast(null as date) as due_on
    from grades
    inner join months
        on grades.stat_month = months.stat_month
    where
        grades.transition = 'same'
        and grades.grade_rank < grades.last_grade_rank
        and grades.grade_margin <= months.drop_margin
        and -grades.score_change >= months.drop_score
    {%- for reason, subject, measure, floor, due, condition in [
        ("potential_high_value", "'-'", "worked_out.social_score", "null", "null",
         "worked_out.is_potential_high_value"),
        ("arrears", "'-'", "customers.overdue_days_max", "customers.overdue_amt", "null",
         "customers.overdue_amt > 0"),
        ("contract_expiry", "'-'", elapsed_days("months.month_end_on",
         "worked_out.contract_ends_on"), "null", "worked_out.contract_ends_on",
         "worked_out.contract_ends_on >= months.month_end_on"),
        ("competitor_expiry", "'op_b'", elapsed_days("months.month_end_on",
         "worked_out.op_b_contract_ends_on"), "null", "worked_out.op_b_contract_ends_on",
         "worked_out.op_b_contract_ends_on >= months.month_end_on"),
        ("competitor_expiry", "'op_c'", elapsed_days("months.month_end_on",
         "worked_out.op_c_contract_ends_on"), "null", "worked_out.op_c_contract_ends_on",
         "worked_out.op_c_contract_ends_on >= months.month_end_on"),
    ] %}
    union all
    select
        customers.stat_month,
        customers.group_id,
        '{{ reason }}' as reason,
        {{ subject }} as subject_id,
        cast({{ measure }} as numeric(18, 4)) as measure_value,
        cast({{ floor }} as numeric(18, 2)) as floor_measure,
        cast(null as {{ dbt.type_string() }}) as previous_grade,
        cast(null as {{ dbt.type_string() }}) as grade,
        cast(null as {{ dbt.type_string() }}) as driver_factor,
        cast(null as numeric(18, 8)) as driver_points_change,
        cast({{ due }} as date) as due_on
    from customers
    inner join worked_out
        on
            customers.stat_month = worked_out.stat_month
            and customers.group_id = worked_out.group_id
    inner join months
        on customers.stat_month = months.stat_month
    where {{ condition }}
    {%- endfor %}
    union all
    select
        stat_month,
        group_id,
        'key_person_change' as reason,
        key_person_id as subject_id,
        cast(days_since_change as numeric(18, 4)) as measure_value,
        cast(null as numeric(18, 2)) as floor_measure,
        cast(null as {{ dbt.type_string() }}) as previous_grade,
        cast(null as {{ dbt.type_string() }}) as grade,
        cast(null as {{ dbt.type_string() }}) as driver_factor,
        cast(null as numeric(18, 8)) as driver_points_change,
        changed_on as due_on
    from unfollowed
    union all
    select
        stat_month,
        group_id,
        'revenue_fall' as reason,
        evidence as subject_id,
        cast(100 * fall_share as numeric(18, 4)) as measure_value,
        base_amt as floor_measure,
        cast(null as {{ dbt.type_string() }}) as previous_grade,
        cast(null as {{ dbt.type_string() }}) as grade,
        driver as driver_factor,
        cast(null as numeric(18, 8)) as driver_points_change,
        cast(null as date) as due_on
    from falling
),

raised as (
    select
        reasons.*,
        rules.rule_id,
        rules.warning_level,
        rules.threshold_value,
        rules.valid_from,
        row_number() over (
            partition by reasons.stat_month, reasons.group_id, reasons.reason
            order by
                rules.warning_level desc,
                case when reasons.reason like '%expiry' then reasons.measure_value end,
                reasons.measure_value desc,
                reasons.subject_id
        ) as worst_first
    from reasons
    inner join {{ ref("value_warning_rule") }} as rules
        on
            {{ holds_in("rules", "reasons.stat_month") }}
            and reasons.reason = rules.reason
            and rules.is_enabled
            and (rules.floor_value is null or reasons.floor_measure >= rules.floor_value)
            and case
                when rules.threshold_value is null then true
                when reasons.reason like '%expiry'
                    then reasons.measure_value <= rules.threshold_value
                else reasons.measure_value >= rules.threshold_value
            end
),

-- without an account manager the manager of the area has to act
area_managers as (
    {{ area_managers() }}
),

final as (
    select
        {{ dbt.concat([
            dbt.cast("raised.stat_month", dbt.type_string()), "'|'", "raised.group_id", "'|'",
            "raised.reason",
        ]) }} as warning_id,
        raised.stat_month,
        raised.group_id,
        coalesce(profiles.group_title, raised.group_id) as group_name,
        {{- placement("customers") }},
        case
            when customers.account_manager_id <> '-' then customers.account_manager_id
            else coalesce(area_managers.staff_id, '-')
        end as owner_staff_id,
        raised.reason,
        reason.name_zh as reason_name,
        reason.name_en as reason_name_en,
        raised.warning_level,
        level.name_zh as warning_level_name,
        level.name_en as warning_level_name_en,
        months.month_end_on as raised_on,
        raised.subject_id,
        coalesce(subject.name_zh, models.name_zh) as subject_name,
        coalesce(subject.name_en, models.name_en) as subject_name_en,
        cast(raised.measure_value as numeric(18, 4)) as measure_value,
        cast(raised.threshold_value as numeric(18, 4)) as threshold_value,
        raised.due_on,
        raised.previous_grade,
        raised.grade,
        raised.driver_factor,
        driver.name_zh as driver_factor_name,
        driver.name_en as driver_factor_name_en,
        cast(raised.driver_points_change as numeric(18, 8)) as driver_points_change,
        cast(case when raised.reason = 'revenue_fall' then falling.fall_amt end as numeric(18, 2))
            as fall_amt,
        cast(customers.revenue_amt as numeric(18, 2)) as revenue_amt,
        cast(customers.overdue_amt as numeric(18, 2)) as overdue_amt,
        raised.rule_id,
        raised.valid_from as rule_valid_from
    from raised
    inner join customers
        on raised.stat_month = customers.stat_month and raised.group_id = customers.group_id
    inner join months
        on raised.stat_month = months.stat_month
    left join profiles
        on raised.stat_month = profiles.stat_month and raised.group_id = profiles.group_id
    left join falling
        on raised.stat_month = falling.stat_month and raised.group_id = falling.group_id
    left join area_managers
        on
            customers.stat_month = area_managers.stat_month
            and customers.area_id = area_managers.area_id
    {{- placement_joins("customers", "customers.stat_month") }}
    left join {{ ref("code_name") }} as reason
        on reason.code_set = 'value_warning' and raised.reason = reason.code
    left join {{ ref("code_name") }} as level
        on
            level.code_set = 'warning_level'
            and level.code = {{ dbt.cast("raised.warning_level", dbt.type_string()) }}
    left join {{ ref("code_name") }} as driver
        on
            driver.code_set
            = case when raised.reason = 'revenue_fall' then 'fall_driver' else 'value_factor' end
            and raised.driver_factor = driver.code
    left join {{ ref("code_name") }} as subject
        on
            subject.code_set
            = case raised.reason
                when 'competitor_expiry' then 'competitor'
                when 'revenue_fall' then 'fall_evidence'
            end
            and raised.subject_id = subject.code
    left join {{ ref("value_model") }} as models
        on
            raised.reason in ('grade_drop', 'about_to_drop')
            and raised.subject_id = models.model
            and {{ holds_in("models", "raised.stat_month") }}
    where raised.worst_first = 1
)

select * from final
