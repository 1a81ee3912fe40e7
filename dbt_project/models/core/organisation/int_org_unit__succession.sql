-- grain: one row per month in which a unit was reorganised, unit, and unit that took over
--
-- What org_succession says, each with a share. Where it gives none the customers say: of those who
-- were in the old unit the month before, the part that is in the new one in the effective month.
-- Without any customer to ask, the successors share equally.
with rules as (
    select * from {{ ref("org_succession") }}
),

followed as (
    select
        rules.rule_id,
        count(*) as customers_cnt
    from rules
    inner join {{ ref("fct_subscriber_month") }} as before
        on
            rules.from_unit_id = before.area_id
            and before.stat_month = {{ add_months("rules.effective_month", -1) }}
    inner join {{ ref("fct_subscriber_month") }} as after
        on
            before.subscriber_id = after.subscriber_id
            and rules.effective_month = after.stat_month
            and rules.to_unit_id = after.area_id
    where rules.share is null
    group by rules.rule_id
),

counted as (
    select
        rules.*,
        cast(coalesce(followed.customers_cnt, 0) as numeric(20, 6)) as customers_cnt,
        cast(
            sum(coalesce(followed.customers_cnt, 0)) over (
                partition by rules.from_unit_id, rules.effective_month
            ) as numeric(20, 6)
        ) as all_customers_cnt,
        cast(
            count(*) over (partition by rules.from_unit_id, rules.effective_month)
            as numeric(20, 6)
        ) as successors_cnt
    from rules
    left join followed
        on rules.rule_id = followed.rule_id
),

-- a unit may be reorganised several times: a rule is about the months since the one before it
earlier as (
    select
        rules.rule_id,
        max(previous.effective_month) as previous_month
    from rules
    inner join rules as previous
        on
            rules.from_unit_id = previous.from_unit_id
            and previous.effective_month < rules.effective_month
    group by rules.rule_id
),

final as (
    select
        counted.effective_month,
        counted.from_unit_id,
        counted.to_unit_id,
        counted.kind,
        cast(
            case
                when counted.share is not null then counted.share
                when counted.all_customers_cnt > 0
                    then counted.customers_cnt / counted.all_customers_cnt
                else 1 / counted.successors_cnt
            end as numeric(20, 12)
        ) as share,
        counted.share is null as is_by_customer,
        coalesce(earlier.previous_month, cast('1900-01-01' as date)) as holds_from_month
    from counted
    left join earlier
        on counted.rule_id = earlier.rule_id
)

select * from final
